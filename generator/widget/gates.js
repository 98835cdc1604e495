// @ts-check
// What waits for consent, by purpose and perhaps service. A purpose that nobody granted, or nobody declared, never
// opens a gate (G03).

/** What each kind of gate does when its purpose is allowed, and while it is not; other parts add their own kinds.
 * @type {[selector: string, open: (gate: any) => void, hold?: (gate: any) => void][]} */
const kinds = [
  ['script[type="text/plain"]', (gate) => run(gate)],
  ['template', openTemplate],
];

/** What has run on this page: after a withdrawal only a reload stops it (W03).
 * @type {[purpose: string | undefined, service: string | undefined][]} */
const ran = [];

/** Inline code waits for the external scripts that stand before it. @type {Promise<unknown>} */
let loading = Promise.resolve();

/** The answers that count now. @type {Answers} */
let answersNow = {};

/** What others are told of every choice. @type {((answers: Answers) => unknown)[]} */
const tellers = [];

/** @param {ParentNode} root @returns {NodeListOf<HTMLElement>} */
function gatesIn(root) {
  return root.querySelectorAll(kinds.map(([selector]) => `${selector}[data-purpose]`).join());
}

/** Open what is allowed. A page may cancel that, and load what waits by itself. */
function openGates(gates = gatesIn(document)) {
  for (const gate of gates) {
    const { purpose, service } = gate.dataset;
    const [, open, hold] = kinds.find(([selector]) => gate.matches(selector)) ?? [];
    if (!allows(answersNow, purpose, service)) hold?.(gate);
    else if (emit('open', { gate })) {
      ran.push([purpose, service]);
      open?.(gate);
    }
  }
}

/** Its scripts are run one by one like the page's own: a cloned one would run as soon as it can, out of order.
 * A gate inside it is one like any other. @param {HTMLTemplateElement} template */
function openTemplate(template) {
  const content = document.importNode(template.content, true);
  const gates = gatesIn(content);
  const scripts = [...content.querySelectorAll('script')]
    .filter((script) => ![...gates].includes(script))
    .map((script) => /** @type {const} */ ([script, script.type]));
  for (const [script] of scripts) script.type = 'text/plain';
  template.replaceWith(content);
  for (const [script, type] of scripts) run(script, type);
  openGates(gates);
}

/** Inline code takes its turn; external code keeps its own order (async = false) and is fetched meanwhile.
 * @param {HTMLScriptElement} waiting @param {string} [type] @returns {Promise<unknown>} kept when it has run */
function run(waiting, type = '') {
  const script = document.createElement('script');
  const settled = new Promise((resolve) =>
    ['load', 'error'].forEach((name) => script.addEventListener(name, resolve)),
  );
  if (!waiting.src) loading = loading.then(() => start(waiting, script, type));
  else if (start(waiting, script, type)) loading = Promise.all([loading, settled]);
  return loading;
}

/** One that may not start (Content Security Policy, Trusted Types) does not stop the next.
 * @param {HTMLScriptElement} waiting @param {HTMLScriptElement} script @param {string} type */
function start(waiting, script, type) {
  try {
    for (const { name, value } of waiting.attributes)
      if (!['type', 'src', 'nonce'].includes(name)) script.setAttribute(name, value);
    if (type) script.type = type;
    script.nonce = waiting.nonce ?? ''; // getAttribute('nonce') is empty in a live document
    script.async = false;
    if (waiting.src) script.src = trusted().createScriptURL(waiting.src);
    else script.text = trusted().createScript(waiting.text);
    waiting.replaceWith(script); // runs nothing if `waiting` has left the page: a gate opens once
    return true;
  } catch (error) {
    reportError(error);
    return false;
  }
}

/** Gates may come later, and a page that swaps its body takes the notice with it. */
const later = new MutationObserver((records) => {
  if (notice && !notice.isConnected) document.body.prepend(notice);
  const added = records.flatMap(({ addedNodes }) => [...addedNodes]);
  if (added.some((node) => node instanceof Element && (node.matches('[data-purpose]') || gatesIn(node).length)))
    openGates();
});

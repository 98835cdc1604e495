// @ts-check
// What waits for consent: <script type="text/plain" data-purpose="…"> and <template data-purpose="…">. A purpose
// that nobody granted, or nobody declared, never opens a gate (G03).

/** The purposes whose code has run on this page: after a withdrawal only a reload stops it (W03).
 * @type {Set<string>} */
const ran = new Set();

/** Inline code waits for the external scripts that stand before it. @type {Promise<unknown>} */
let loading = Promise.resolve();

const GATES = 'script[type="text/plain"][data-purpose],template[data-purpose]';

/** @param {Answers} answers */
function openGates(answers, gates = document.querySelectorAll(GATES)) {
  for (const gate of gates) {
    const purpose = gate.getAttribute('data-purpose') ?? '';
    if (!Object.hasOwn(answers, purpose) || !answers[purpose]) continue;
    ran.add(purpose);
    if (gate instanceof HTMLTemplateElement) openTemplate(gate, answers);
    else if (gate instanceof HTMLScriptElement) run(gate);
  }
}

/** Its scripts are run one by one like the page's own: a cloned one would run as soon as it can, out of order.
 * A gate inside it is one like any other. @param {HTMLTemplateElement} template @param {Answers} answers */
function openTemplate(template, answers) {
  const content = document.importNode(template.content, true);
  const gates = content.querySelectorAll(GATES);
  const scripts = [...content.querySelectorAll('script')]
    .filter((script) => !script.matches(GATES))
    .map((script) => /** @type {const} */ ([script, script.type]));
  for (const [script] of scripts) script.type = 'text/plain';
  template.replaceWith(content);
  for (const [script, type] of scripts) run(script, type);
  openGates(answers, gates);
}

/** Inline code takes its turn; external code keeps its own order (async = false) and is fetched meanwhile.
 * @param {HTMLScriptElement} waiting @param {string} [type] */
function run(waiting, type = '') {
  const script = document.createElement('script');
  const settled = new Promise((resolve) =>
    ['load', 'error'].forEach((name) => script.addEventListener(name, resolve)),
  );
  if (!waiting.src) loading = loading.then(() => start(waiting, script, type));
  else if (start(waiting, script, type)) loading = Promise.all([loading, settled]);
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

/** One named policy for `require-trusted-types-for 'script'` (X19). It passes only what the page's own gated tags
 * name, for nothing else calls it. @type {TrustedPolicy | undefined} */
let policy;

function trusted() {
  const rules = {
    createScriptURL: (/** @type {string} */ url) => url,
    createScript: (/** @type {string} */ code) => code,
  };
  return (policy ??= window.trustedTypes?.createPolicy('preferences', rules) ?? rules);
}

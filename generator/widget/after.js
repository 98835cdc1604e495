// @ts-check
// What follows a choice for the visitor: it is said that it was saved, and reading goes on.

/** A status region must stand before it speaks (A09). */
const statusLine = part('p', { id: 'preferences-status', role: 'status' });

/** What the first layer did not need. */
function dressMore() {
  if (statusLine.isConnected) return;
  dress(MORE.style);
  document.body.append(statusLine);
}

/** Say it until the visitor's next act: no timer (A10), and never over something that has the focus (A01).
 * @param {string | undefined} text */
function say(text = '') {
  dressMore();
  statusLine.textContent = text;
  for (const act of ['keydown', 'pointerdown'])
    addEventListener(act, () => (statusLine.textContent = ''), { once: true });
}

/** After a choice the focus goes where reading goes on, unless something still has it. */
function placeFocus() {
  if (document.activeElement && document.activeElement !== document.body) return;
  const place = document.querySelector('h1') ?? document.querySelector('main');
  if (!(place instanceof HTMLElement)) return;
  if (!place.hasAttribute('tabindex')) {
    place.tabIndex = -1;
    place.addEventListener('blur', () => place.removeAttribute('tabindex'), { once: true });
  }
  place.focus({ preventScroll: true });
}

/** @param {string} version */
function dotted(version) {
  return version.replace('-', '.');
}

/** @type {Promise<Layer> | undefined} */
let layer;

/** The settings layer. */
function theLayer() {
  layer ??= load(MORE.layer, SHARED);
  layer.catch(() => (layer = undefined));
  return layer;
}

/** @type {More} */
const PARTS = {
  show: async () => (await theLayer()).show(),
  changes: async (last) => (await load(MORE.since, SHARED))(last),
  follow,
};

/** What a page wants to run when a purpose, or a service of it, is taken back. Where code of it ran, the page is loaded
 * anew right after. @param {Answers} before */
function runWithdrawn(before) {
  /** @type {NodeListOf<HTMLScriptElement>} */
  const waiting = document.querySelectorAll('script[type="text/plain"][data-withdrawn]');
  const due = [...waiting].filter(({ dataset: { withdrawn, service } }) => {
    return allows(before, withdrawn, service) && !allows(stored(), withdrawn, service);
  });
  return Promise.all(due.map((script) => run(script)));
}

/** Everything that a choice brings about beyond the page's own gates, and what an earlier page has left of it. Nothing
 * is said of a choice that a signal made. @param {Method} [method] @param {Answers | null} [before] */
async function follow(method, before) {
  if (method) newest = [chosen(), ownCookie()];
  erase(stored());
  const stopped = runWithdrawn(before ?? {});
  if (method) await layer?.then(({ close }) => close(), reportError); // it gives the focus back
  if (method && method !== 'signal.gpc') {
    say(MORE.saved);
    placeFocus();
  }
  await deliver();
  await stopped;
}

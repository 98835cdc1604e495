// @ts-check
// What the script learns from the page it stands in, while it is being run.

/** The tag of this script. An <img name="currentScript"> would answer to that name too, hence the check; a module has
 * none. @type {OwnScript | null} */
const SELF =
  document.currentScript instanceof HTMLScriptElement
    ? document.currentScript
    : document.querySelector('script[src*="/preferences."]');

const GPC = navigator.globalPrivacyControl === true;

/** Paths of the configuration are resolved against the script's own address, so one file serves any site.
 * @param {string} path a path or an address */
function resolve(path) {
  return new URL(path, SELF?.src ?? location.href).href;
}

/** Tell the page; false where it has other plans. A listener that throws harms nobody but itself.
 * @param {string} name @param {object} [detail] */
function emit(name, detail) {
  return document.dispatchEvent(new CustomEvent(`preferences:${name}`, { detail, cancelable: true }));
}

/** One named policy for `require-trusted-types-for 'script'` (X19). It passes only what the page's own gated tags and
 * this script name, for nothing else calls it. A page may allow it only once, so scripts that load each other share it.
 * @type {TrustedPolicy | undefined} */
let trust = SELF?.trust;

function trusted() {
  const pass = (/** @type {string} */ text) => text;
  const rules = { createScriptURL: pass, createScript: pass };
  return (trust ??= window.trustedTypes?.createPolicy('preferences', rules) ?? rules);
}

/** Load one more of our own scripts; its integrity holds wherever it comes from (X20). It finds on its own tag what it
 * is given, so there is no global name to clash with.
 * @template T @param {OwnFile} file @param {object} shared @returns {Promise<T>} */
function load([name, integrity], shared) {
  return new Promise((ready, onerror) => {
    const script = Object.assign(document.createElement('script'), {
      integrity,
      crossOrigin: 'anonymous',
      onerror,
      trust: trusted(),
      take: (/** @type {(shared: object) => T} */ make) => ready(make(shared)),
    });
    script.src = script.trust.createScriptURL(resolve(name));
    document.head.append(script);
  });
}

/** @type {Promise<More> | undefined} */
let rest;

/** What comes after a first layer, when there is need for it. @returns {Promise<More>} */
function more() {
  rest ??= load(CONFIG.more, SHARED);
  rest.catch(() => (rest = undefined)); // the next try may find the network back
  return rest;
}

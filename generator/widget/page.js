// @ts-check
// What the script learns from the page it stands in, while it is being run.

/** Paths of the configuration are resolved against the script's own address, so one file serves any site. An
 * <img name="currentScript"> would answer to that name too, hence the check. */
const BASE =
  document.currentScript instanceof HTMLScriptElement
    ? document.currentScript.src
    : (document.querySelector('script[src*="/preferences."]')?.getAttribute('src') ?? '');

/** The page's language if the notice has it, else the notice's own (B11). */
const LANGUAGE = pageLanguage();
const DIRECTION = ['ar', 'fa', 'he', 'ur'].includes(LANGUAGE) ? 'rtl' : 'ltr';
const words = CONFIG.texts[LANGUAGE] ?? {};

function pageLanguage() {
  const primary = document.documentElement.lang.split('-')[0]?.toLowerCase() ?? '';
  return Object.hasOwn(CONFIG.texts, primary) ? primary : CONFIG.language;
}

/** @param {string} path a path or an address */
function resolve(path) {
  return new URL(path, new URL(BASE, location.href)).href;
}

// @ts-check
// What the script learns from the page it stands in, while it is being run.

/** Paths of the configuration are resolved against the script's own address, so one file serves any site. An
 * <img name="currentScript"> would answer to that name too, hence the check. */
const BASE =
  document.currentScript instanceof HTMLScriptElement
    ? document.currentScript.src
    : (document.querySelector('script[src*="/preferences."]')?.getAttribute('src') ?? '');

/** The page's language if the notice has it, with its region or without, else the notice's own (B11). */
const LANGUAGE = pageLanguage(document.documentElement.lang.toLowerCase());
const DIRECTION = CONFIG.rtl.includes(LANGUAGE) ? 'rtl' : 'ltr';
const words = CONFIG.texts[LANGUAGE] ?? {};

/** @param {string} tag in lower case: RFC 5646 section 2.1.1 */
function pageLanguage(tag) {
  const spoken = (/** @type {string | undefined} */ wanted) =>
    Object.keys(CONFIG.texts).find((language) => language.toLowerCase() === wanted);
  return spoken(tag) ?? spoken(tag.split('-')[0]) ?? CONFIG.language;
}

/** @param {string} path a path or an address */
function resolve(path) {
  return new URL(path, new URL(BASE, location.href)).href;
}

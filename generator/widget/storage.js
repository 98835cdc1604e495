// @ts-check
// Where a choice is kept. Every door may be shut (blocked cookies, no localStorage): the page then works all the same.

const SECURE = location.protocol === 'https:';
// __Host- needs https (X21) and has no Domain, so .com.pk is no trap; the plain name is for development.
const COOKIE = SECURE ? '__Host-preferences' : 'preferences';

/** What could not be stored (a door that is shut, a storage that is full) lives as long as the page.
 * @type {Record<string, unknown>} */
const memory = {};

function cookies() {
  try {
    return document.cookie.split('; ');
  } catch {
    return []; // a sandboxed frame
  }
}

/** The value of our cookie, or an empty string. */
function readCookie() {
  const pair = cookies().find((each) => each.startsWith(`${COOKIE}=`));
  return pair?.slice(COOKIE.length + 1) ?? '';
}

/** @param {string} text */
function setCookie(text) {
  try {
    document.cookie = text + (SECURE ? ';Secure' : '');
  } catch {
    // Not kept: the visitor is asked again on the next page, and everything stays off.
  }
}

/** @param {'receipt' | 'queue'} key @returns {any} what was kept, or null: anybody may have written there */
function recall(key) {
  try {
    return memory[key] ?? JSON.parse(localStorage.getItem(`preferences.${key}`) ?? 'null');
  } catch {
    return null;
  }
}

/** @param {'receipt' | 'queue'} key @param {unknown} value null forgets */
function keep(key, value) {
  delete memory[key];
  try {
    if (value === null) localStorage.removeItem(`preferences.${key}`);
    else localStorage.setItem(`preferences.${key}`, JSON.stringify(value));
  } catch {
    memory[key] = value;
  }
}

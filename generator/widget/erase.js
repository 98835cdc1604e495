// @ts-check
// Withdrawal takes back what denied purposes have stored (W03), and nothing else.

// Never our own, whatever a pattern says: an erased choice would bring the banner back for ever.
const OURS = /^(__Host-)?preferences($|\.)/;

/** Erase what only the denied purposes declare. @param {string[]} denied ids of purposes */
function erase(denied) {
  const kept = declared((purpose) => !denied.includes(purpose.id));
  for (const item of declared((purpose) => denied.includes(purpose.id))) {
    eraseItem(
      item,
      kept.filter((other) => other.kind === item.kind),
    );
  }
}

/** @param {StorageItem} item @param {StorageItem[]} kept */
async function eraseItem(item, kept) {
  const doomed = (/** @type {string} */ name) =>
    matches(item.name, name) && !OURS.test(name) && !kept.some((other) => matches(other.name, name));
  try {
    await ERASERS[item.kind](doomed, item.name);
  } catch {
    // A door that is shut to us has let nothing in either.
  }
}

/** @param {(purpose: Purpose) => boolean} wanted */
function declared(wanted) {
  return CONFIG.purposes
    .filter(wanted)
    .flatMap((purpose) => (purpose.services ?? []).flatMap((service) => service.storage));
}

/** @param {string} pattern @param {string} name */
function matches(pattern, name) {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

/** @type {Record<StorageItem['kind'], (doomed: (name: string) => boolean, name: string) => unknown>} */
const ERASERS = {
  cookie: (doomed) =>
    cookies()
      .map((pair) => pair.split('=')[0] ?? '')
      .filter(doomed)
      .forEach(expire),
  localStorage: (doomed) => clear(localStorage, doomed),
  sessionStorage: (doomed) => clear(sessionStorage, doomed),
  indexedDB: async (doomed, name) => {
    const found = (await indexedDB.databases?.()) ?? [{ name }];
    for (const database of found)
      if (database.name && doomed(database.name)) indexedDB.deleteDatabase(database.name);
  },
};

/** @param {Storage} storage @param {(name: string) => boolean} doomed */
function clear(storage, doomed) {
  Object.keys(storage)
    .filter(doomed)
    .forEach((key) => storage.removeItem(key));
}

/** A script cannot see where a cookie was set, so every domain above this one and every path is tried: the browser
 * knows its public suffixes better than any list of ours (.com.pk). @param {string} name */
function expire(name) {
  const labels = location.hostname.split('.');
  const domains = labels.map((_, index) => `;Domain=${labels.slice(index).join('.')}`);
  for (const domain of ['', ...domains]) {
    for (const path of paths(location.pathname)) setCookie(`${name}=;Max-Age=0;Path=${path}${domain}`);
  }
}

/** "/a/b" -> "/", "/a", "/a/", "/a/b", "/a/b/" @param {string} pathname */
function paths(pathname) {
  const steps = pathname.split('/').filter(Boolean);
  const above = steps.map((_, index) => `/${steps.slice(0, index + 1).join('/')}`);
  return ['/', ...above.flatMap((path) => [path, `${path}/`])];
}

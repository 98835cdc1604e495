// @ts-check
// Withdrawal takes back what denied services have stored (W03), and nothing else.

// Never our own, whatever a pattern says: an erased choice would bring the banner back for ever.
const OURS = /^(__Host-)?preferences($|\.)/;

/** Erase what only denied services declare. @param {Answers} answers */
function erase(answers) {
  const [denied, kept] = [/** @type {Stored[]} */ ([]), /** @type {Stored[]} */ ([])];
  for (const { id, services } of MORE.purposes)
    for (const service of services) {
      const necessary = !purposes.some((purpose) => purpose.id === id);
      (necessary || allows(answers, id, service.id) ? kept : denied).push(...service.storage);
    }
  for (const item of denied)
    eraseItem(
      item,
      kept.filter(({ kind }) => kind === item.kind),
    );
}

/** @param {Stored} item @param {Stored[]} kept of the same kind */
async function eraseItem(item, kept) {
  const doomed = (/** @type {string} */ name) =>
    matches(item, name) && !OURS.test(name) && !kept.some((other) => matches(other, name));
  try {
    await ERASERS[item.kind](doomed, item.name);
  } catch {
    // A door that is shut to us has let nothing in either.
  }
}

/** @param {Stored} item @param {string} found */
function matches({ name }, found) {
  return name.endsWith('*') ? found.startsWith(name.slice(0, -1)) : found === name;
}

/** @type {Record<Stored['kind'], (doomed: (name: string) => boolean, name: string) => unknown>} */
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
  for (const domain of ['', ...domains])
    for (const path of paths(location.pathname)) setCookie(`${name}=;Max-Age=0;Path=${path}${domain}`);
}

/** "/a/b" -> "/", "/a", "/a/", "/a/b", "/a/b/" @param {string} pathname */
function paths(pathname) {
  const steps = pathname.split('/').filter(Boolean);
  const above = steps.map((_, index) => `/${steps.slice(0, index + 1).join('/')}`);
  return ['/', ...above.flatMap((path) => [path, `${path}/`])];
}

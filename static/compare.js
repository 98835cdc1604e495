// @ts-check
// Puts a redline together from its parts. It compares nothing: which sections are each other, their ids and digests
// tell, and what changed in each stands in the part that the build made.
(() => {
  'use strict';
  /** @typedef {{id: string, number: string, heading: string, text: string}} Section */
  /** @typedef {{pages: Record<string, string>, releases: Record<string, {address: string, sections: Section[]}>}} Index */
  const form = document.querySelector('[data-compare]');
  const result = document.querySelector('[data-result]');
  const place = document.querySelector('[data-sections]');
  const list = document.querySelector('.changes ol');
  const title = document.getElementById('page-changes');
  if (!(form instanceof HTMLFormElement) || !(result instanceof HTMLElement) || !place || !list || !title) return;
  const status = /** @type {HTMLElement} */ (form.querySelector('[role=status]'));
  const say = form.dataset;
  const folder = (say.index ?? '').replace('index.json', '');
  /** @type {Promise<Index> | undefined} */
  let index;

  /** @param {string} text @param {Record<string, string | number>} values */
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));

  /** Each section of the new release with the one of the same id; one that is gone stands where it stood.
   * @param {Section[]} before @param {Section[]} after @returns {[Section | undefined, Section | undefined][]} */
  function pairs(before, after) {
    const old = new Map(before.map((section) => [section.id, section]));
    const kept = new Set(after.map((section) => section.id));
    /** @type {[Section | undefined, Section | undefined][]} */
    const found = after.map((section) => [old.get(section.id), section]);
    before.forEach((section, at) => {
      if (kept.has(section.id)) return;
      const anchor = before.slice(0, at).filter((other) => kept.has(other.id)).pop();
      let to = found.findIndex(([, other]) => other?.id === anchor?.id) + 1;
      while (found[to] && !found[to]?.[1]) to += 1;
      found.splice(to, 0, [section, undefined]);
    });
    return found;
  }

  /** A page of this site, parsed by the browser itself: no markup is set, so no policy for trusted types is needed.
   * @param {string} address @returns {Promise<Document>} */
  function parsed(address) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open('GET', address);
      request.responseType = 'document';
      request.onload = () => (request.status === 200 && request.responseXML ? resolve(request.responseXML) : reject(request.status));
      request.onerror = reject;
      request.send();
    });
  }

  /** @param {Section | undefined} old @param {Section | undefined} now */
  async function part(old, now) {
    const section = (await parsed(`${folder}${old?.text ?? 0}...${now?.text ?? 0}.html`)).querySelector('section');
    if (!section) throw new Error('no part');
    const number = section.querySelector('.number');
    if (number) number.textContent = (now ?? old)?.number ?? '';
    return /** @type {HTMLElement} */ (document.importNode(section, true));
  }

  /** @param {string} href @param {string} text */
  function link(href, text) {
    const made = document.createElement('a');
    made.href = href;
    made.textContent = text;
    return made;
  }

  /** @param {HTMLElement} section */
  function entry(section) {
    const item = document.createElement('li');
    const heading = section.querySelector('h2, h3, h4, h5, h6');
    const named = /** @type {HTMLElement | null} */ (heading?.cloneNode(true));
    named?.querySelectorAll('.mark, del, .note').forEach((mark) => mark.remove());
    const told = document.createElement('p');
    const what = section.querySelector('.change')?.cloneNode(true);
    if (what) told.append(what, ' ', fill(say.tally ?? '', { removed: section.dataset.removed ?? 0, added: section.dataset.added ?? 0 }));
    item.append(link(`#${heading?.id ?? ''}`, named?.textContent ?? '…'), told);
    return item;
  }

  /** @param {string} from @param {string} to @param {boolean} go */
  async function show(from, to, go) {
    status.textContent = say.loading ?? '';
    index ??= fetch(say.index ?? '').then((answer) => answer.json());
    const { pages, releases } = await index;
    const page = pages[`${from}...${to}`];
    if (page) {
      if (go) location.assign(page);
      else location.replace(page);
      return;
    }
    const [old, now] = [releases[from], releases[to]];
    if (!old || !now) throw new Error('no such release');
    const all = pairs(old.sections, now.sections);
    const changed = await Promise.all(all.filter(([a, b]) => a?.text !== b?.text).map(([a, b]) => part(a, b)));
    const kept = document.createElement('p');
    kept.append(link(now.address, fill(say.unchanged ?? '', { count: all.length - changed.length })));
    place?.replaceChildren(...changed, kept);
    list?.replaceChildren(...changed.map(entry));
    /** @type {HTMLElement} */ (title).textContent = fill(say.title ?? '', { count: changed.length });
    document.querySelector('[data-without]')?.remove();
    /** @type {HTMLElement} */ (result).hidden = false;
    status.textContent = fill(say.done ?? '', { old: from, new: to, count: changed.length });
    if (go) history.pushState(null, '', `?from=${from}&to=${to}`);
  }

  /** @param {boolean} go */
  function start(go) {
    const chosen = new FormData(/** @type {HTMLFormElement} */ (form));
    const versions = ['from', 'to'].map((name) => String(chosen.get(name)));
    versions.sort((a, b) => order.indexOf(b) - order.indexOf(a)); // the older first, whichever was named first
    show(versions[0] ?? '', versions[1] ?? '', go).catch(() => {
      status.textContent = say.failed ?? '';
    });
  }

  const order = [...form.querySelectorAll('select[name=from] option')].map((option) => /** @type {HTMLOptionElement} */ (option).value);
  form.hidden = false;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    start(true);
  });
  const asked = new URLSearchParams(location.search);
  if (asked.has('from') && asked.has('to')) {
    for (const name of ['from', 'to']) {
      const select = form.elements.namedItem(name);
      if (select instanceof HTMLSelectElement) select.value = asked.get(name) ?? '';
    }
    start(false);
  }
})();

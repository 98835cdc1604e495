// @ts-check
// Puts a redline together from its parts. It compares nothing: which sections are each other, their ids and digests
// tell, and what changed in each stands in the part that the build made.
(() => {
  'use strict';
  /** @typedef {{id: string, number: string, heading: string, text: string}} Unit */
  /** @typedef {{address: string, order: number, units: Unit[]}} Release */
  /** @typedef {{pages: Record<string, string>, moved: Record<string, string[]>, releases: Record<string, Release>}} Index */
  const form = document.querySelector('[data-compare]');
  const result = document.querySelector('[data-result]');
  const place = document.querySelector('[data-sections]');
  const list = document.querySelector('.changes ol');
  const title = document.getElementById('page-changes');
  if (!(form instanceof HTMLFormElement) || !(result instanceof HTMLElement) || !place || !list || !title) return;
  const status = /** @type {HTMLElement} */ (form.querySelector('[role=status]'));
  const say = form.dataset;
  const chain = document.querySelector('[data-without]')?.textContent ?? '';
  const folder = (say.index ?? '').replace('index.json', '');
  /** @type {Promise<Index> | undefined} */
  let index;
  let shown = location.search;

  /** @param {string} text @param {Record<string, string | number>} values */
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));

  /** Each unit of the new release with the one of the same id; one that is gone stands where it stood.
   * @param {Unit[]} before @param {Unit[]} after @returns {[Unit | undefined, Unit | undefined][]} */
  function pairs(before, after) {
    const old = new Map(before.map((unit) => [unit.id, unit]));
    const kept = new Set(after.map((unit) => unit.id));
    /** @type {[Unit | undefined, Unit | undefined][]} */
    const found = after.map((unit) => [old.get(unit.id), unit]);
    before.forEach((unit, at) => {
      if (kept.has(unit.id)) return;
      const anchor = before.slice(0, at).filter((other) => kept.has(other.id)).pop();
      let to = found.findIndex(([, other]) => other?.id === anchor?.id) + 1;
      while (found[to] && !found[to]?.[1]) to += 1;
      found.splice(to, 0, [unit, undefined]);
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

  /** The changed sections of a pair of texts, from the file of all that lead to the newer one.
   * @param {Unit | undefined} old @param {Unit | undefined} now @returns {Promise<HTMLElement[]>} */
  async function parts(old, now) {
    const held = await parsed(`${folder}${(now ?? old)?.text}.html`);
    const part = held.querySelector(`[data-pair="${old?.text ?? 0}...${now?.text ?? 0}"]`);
    if (!part) throw new Error('no part');
    const sections = [...part.children].map((section) => /** @type {HTMLElement} */ (document.importNode(section, true)));
    for (const section of sections) {
      const number = section.querySelector(':scope > :is(h2, h3, h4, h5, h6) > .number');
      if (number) number.textContent = (now ?? old)?.number ?? '';
      section.dataset.number = (now ?? old)?.number ?? '';
    }
    return sections;
  }

  /** A section whose text nobody changed, but which has another place.
   * @param {Unit | undefined} unit @param {Release} release */
  function moved(unit, release) {
    const section = document.createElement('section');
    section.className = 'section section-moved';
    Object.assign(section.dataset, { name: unit?.heading, number: unit?.number });
    const heading = document.createElement('h2');
    heading.id = unit?.id ?? '';
    heading.append(link(`${release.address}#${unit?.id}`, `${unit?.number} ${unit?.heading}`.trim()));
    section.append(heading, chip());
    return section;
  }

  function chip() {
    const what = document.createElement('span');
    what.className = 'change change-moved';
    what.textContent = say.moved ?? '';
    return what;
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
    const told = document.createElement('p');
    const { name, number, removed, added } = section.dataset;
    told.append(...[...section.querySelectorAll('.change')].flatMap((what) => [what.cloneNode(true), ' ']));
    if (Number(removed) || Number(added)) {
      const tally = document.createElement('span');
      tally.className = 'tally';
      tally.textContent = fill(say.tally ?? '', { removed: removed ?? 0, added: added ?? 0 });
      told.append(tally);
    }
    const at = section.querySelector('h2, h3, h4, h5, h6')?.id ?? section.id;
    item.append(link(`#${at}`, `${number ?? ''} ${name}`.trim()), told);
    return item;
  }

  /** @param {string} from @param {string} to @param {boolean} go @param {boolean} turned */
  async function show(from, to, go, turned) {
    status.textContent = say.loading ?? '';
    index ??= fetch(say.index ?? '').then((answer) => answer.json());
    const pick = await index.catch((error) => {
      index = undefined; // or a second try would fail as the first did
      throw error;
    });
    const page = pick.pages[`${from}...${to}`];
    if (page) {
      if (go) location.assign(page);
      else location.replace(page);
      return;
    }
    const [old, now] = [pick.releases[from], pick.releases[to]];
    if (!old || !now) { // too many releases lie between: the list has the steps
      status.textContent = chain;
      return;
    }
    const all = pairs(old.units, now.units);
    const placed = new Set(pick.moved[`${old.order}...${now.order}`]);
    const found = await Promise.all(
      all.map(async ([a, b]) => {
        const sections = a?.text === b?.text ? [] : await parts(a, b);
        if (b && placed.has(b.id)) {
          if (sections[0]) sections[0].querySelector('.steps')?.append(chip());
          else sections.push(moved(b, now));
        }
        return sections;
      }),
    );
    const changed = found.flat();
    const kept = document.createElement('p');
    const same = found.filter((sections, at) => !sections.length && all[at]?.[1]?.id !== 'page-front').length;
    kept.append(link(now.address, fill(say.unchanged ?? '', { count: same })));
    place?.replaceChildren(...changed, kept);
    list?.replaceChildren(...changed.map(entry));
    const count = changed.filter((section) => !section.querySelector(':scope > #page-front')).length;
    /** @type {HTMLElement} */ (title).textContent = fill(say.title ?? '', { count });
    document.querySelector('[data-without]')?.remove();
    /** @type {HTMLElement} */ (result).hidden = false;
    const told = changed.length ? fill(say.done ?? '', { old: from, new: to, count }) : say.same ?? '';
    status.textContent = turned ? `${told} ${say.turned}` : told;
    /** @type {HTMLElement} */ (document.querySelector('[data-changed]')).hidden = !changed.length;
    if (go) history.pushState(null, '', `?from=${from}&to=${to}`);
    shown = location.search;
  }

  /** @param {boolean} go */
  function start(go) {
    const chosen = new FormData(/** @type {HTMLFormElement} */ (form));
    const [from = '', to = ''] = ['from', 'to'].map((name) => String(chosen.get(name)));
    const turned = order.indexOf(from) < order.indexOf(to); // the newest is listed first
    show(turned ? to : from, turned ? from : to, go, turned).catch(() => {
      status.textContent = say.failed ?? '';
    });
  }

  const order = [...form.querySelectorAll('select[name=from] option')].map((option) => /** @type {HTMLOptionElement} */ (option).value);
  form.hidden = false;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    start(true);
  });

  /** What the address asks for. */
  function follow() {
    const asked = new URLSearchParams(location.search);
    if (!asked.has('from') || !asked.has('to')) return;
    for (const name of ['from', 'to']) {
      const select = /** @type {HTMLFormElement} */ (form).elements.namedItem(name);
      if (select instanceof HTMLSelectElement) select.value = asked.get(name) ?? '';
    }
    start(false);
  }
  // Back and forward; a link within the page comes by here as well, and changes nothing.
  window.addEventListener('popstate', () => {
    if (location.search === shown) return;
    if (location.search) follow();
    else location.reload();
  });
  follow();
})();

// @ts-check
// The first layer, and the small tools both layers are made with: elements and text nodes, never markup from strings.

/** @param {string | undefined} text @param {Record<string, string | undefined>} values */
function fill(text = '', values) {
  return text.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
}

/** @param {Localized | undefined} texts */
function local(texts) {
  return texts?.[LANGUAGE] ?? '';
}

/** @param {string[]} items */
function listed(items) {
  return new Intl.ListFormat(LANGUAGE).format(items);
}

/** @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {Record<string, string>} attributes @param {(Node | string | undefined)[]} children
 * @returns {HTMLElementTagNameMap[T]} */
function el(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/** The choices of one layer: siblings of one kind, so that nothing can tell them apart but their words (B01, B03).
 * @param {Record<string, string | undefined>} labels by choice */
function choices(labels) {
  const buttons = Object.entries(labels).map(([choice, label]) =>
    el('button', { type: 'button', 'data-choice': choice }, label),
  );
  return el('div', { 'data-choices': '' }, ...buttons);
}

/** Names, purposes, third parties, the way back and the policy come before the buttons (B04, B05).
 * @param {boolean} gpc */
function makeNotice(gpc) {
  return el(
    'section',
    {
      id: 'preferences-notice',
      role: 'region',
      'aria-labelledby': 'preferences-title',
      lang: LANGUAGE,
      dir: DIRECTION,
    },
    el(
      'div',
      {},
      el('h2', { id: 'preferences-title' }, words.title),
      el('p', {}, fill(words.intro, { controller: CONFIG.controller })),
      el(
        'ul',
        {},
        ...optional.map((purpose) =>
          el('li', {}, el('b', {}, local(purpose.label)), ` \u2013 ${local(purpose.description)}`),
        ),
      ),
      signalHonoured(gpc),
      el(
        'p',
        {},
        `${thirdParties()} ${fill(words.withdraw, words)} `,
        el('a', { href: resolve(CONFIG.policy.paths[LANGUAGE] ?? CONFIG.policy.path) }, words.policy),
      ),
    ),
    choices({ reject: words.reject, accept: words.accept, settings: words.settings }),
  );
}

function thirdParties() {
  const services = optional
    .flatMap((purpose) => purpose.services ?? [])
    .filter((service) => service.third_party);
  if (!services.length) return words.third_none;
  return fill(words.third_some, { names: listed([...new Set(services.map((service) => service.provider))]) });
}

/** A signal that was honoured is shown (S04). @param {boolean} gpc */
function signalHonoured(gpc) {
  const held = optional.filter((purpose) => locked(purpose, gpc)).map((purpose) => local(purpose.label));
  return held.length ? el('p', {}, fill(words.gpc, { purposes: listed(held) })) : undefined;
}

/** @type {HTMLElement | null} */
let notice = null;

/** @param {boolean} gpc */
function showNotice(gpc) {
  if (notice) return;
  dress();
  notice = makeNotice(gpc);
  document.body.prepend(notice); // early: a banner at the end of a page is not found by screen readers
  room.observe(notice);
}

function hideNotice() {
  if (!notice) return;
  room.disconnect();
  leaveRoom(0);
  notice.remove();
  notice = null;
}

/** Nothing may stay hidden behind the notice: neither what has the focus nor the end of the page (A01). */
const room = new ResizeObserver(() =>
  leaveRoom(
    notice && getComputedStyle(notice).position === 'fixed'
      ? innerHeight - notice.getBoundingClientRect().top
      : 0,
  ),
);

/** @param {number} height CSS pixels */
function leaveRoom(height) {
  const { style } = document.documentElement;
  style.scrollPaddingBottom = style.paddingBottom = height ? `${height}px` : '';
}

/** A constructed style sheet needs no 'unsafe-inline', and it comes only when there is something to dress. */
function dress() {
  if (document.getElementById('preferences-status')) return;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  // A status region must stand before it speaks (A09).
  document.body.append(el('p', { id: 'preferences-status', role: 'status', lang: LANGUAGE, dir: DIRECTION }));
}

/** Say it until the visitor's next act: no timer (A10), and never over something that has the focus (A01).
 * @param {string} text */
function say(text) {
  const status = document.getElementById('preferences-status');
  if (!status) return;
  status.textContent = text;
  for (const act of ['keydown', 'pointerdown'])
    addEventListener(act, () => (status.textContent = ''), { once: true });
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

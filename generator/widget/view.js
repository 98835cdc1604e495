// @ts-check
// The first layer, and the small tools both layers are made with: elements and text nodes, never markup from strings.

/** @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {Record<string, string>} attributes @param {(Node | string | undefined)[]} children
 * @returns {HTMLElementTagNameMap[T]} */
function el(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const name in attributes) made.setAttribute(name, attributes[name] ?? '');
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/** A part of the banner, dressed, and in its own language (B11). @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {Record<string, string>} attributes @param {(Node | string | undefined)[]} children */
function part(tag, attributes, ...children) {
  dress(STYLE);
  const { language: lang, direction: dir } = CONFIG;
  return el(tag, { 'data-preferences': '', lang, dir, ...attributes }, ...children);
}

/** The choices of one layer: siblings of one kind, so that nothing can tell them apart but their words (B01, B03).
 * @param {[choice: string, label: string | undefined][]} labels */
function choices(...labels) {
  return el(
    'div',
    { 'data-choices': '' },
    ...labels.map(([choice, label]) => el('button', { type: 'button', 'data-choice': choice }, label)),
  );
}

/** Names, purposes, third parties, the way back and the policy come before the buttons (B04, B05); what changed since
 * an earlier choice comes after them, so that its links stand in nobody's way.
 * @param {string} [again] @param {Node} [changes] */
function makeNotice(again = words.intro, changes) {
  const id = 'preferences-title';
  return part(
    'section',
    { id: 'preferences-notice', 'aria-labelledby': id },
    el(
      'div',
      {},
      el('h2', { id }, words.title),
      el('p', {}, again),
      el(
        'ul',
        {},
        ...asked.map(({ label, description }) => el('li', {}, el('b', {}, label), ` \u2013 ${description}`)),
      ),
      signalHonoured(),
      el('p', {}, `${words.withdraw} `, el('a', { href: resolve(CONFIG.policy.path) }, words.policy)),
    ),
    choices(['reject', words.reject], ['accept', words.accept], ['settings', words.settings]),
    changes,
  );
}

/** A signal that was honoured is shown (S04). */
function signalHonoured() {
  const held = purposes.filter((each) => locked(each) && !allows(stored(), each.id)).map(({ label }) => label);
  return held.length ? el('p', {}, `${words.gpc} ${held.join(', ')}.`) : undefined;
}

/** @type {HTMLElement | null} */
let notice = null;

/** @param {[again?: string, changes?: Node]} told */
function showNotice(...told) {
  hideNotice();
  notice = makeNotice(...told);
  document.body.prepend(notice); // early: a banner at the end of a page is not found by screen readers
  room.observe(notice);
  // Whoever is about to choose will need it: by then it is there.
  for (const intent of ['pointerenter', 'focusin']) notice.addEventListener(intent, more);
}

function hideNotice() {
  notice?.remove();
  notice = null;
  leaveRoom();
}

/** Nothing may stay hidden behind the notice: neither what has the focus nor the end of the page (A01). */
function leaveRoom() {
  const height =
    notice && getComputedStyle(notice).position === 'fixed'
      ? `${innerHeight - notice.getBoundingClientRect().top}px`
      : '';
  const { style } = document.documentElement;
  style.scrollPaddingBottom = style.paddingBottom = height;
}

const room = new ResizeObserver(leaveRoom);

/** A constructed style sheet needs no 'unsafe-inline', and it comes only when there is something to dress.
 * @param {string} text */
function dress(text) {
  if (dressed.has(text)) return;
  dressed.add(text);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}

/** @type {Set<string>} */
const dressed = new Set();

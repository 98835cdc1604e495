// @ts-check
// Walks from change to change on a redline. Everything it does can be done without it, section by section.
(() => {
  'use strict';
  const tools = document.querySelector('[data-walk]');
  const redline = tools?.closest('.redline');
  if (!(redline instanceof HTMLElement) || !(tools instanceof HTMLElement)) return;
  const say = tools.dataset;

  /** What changed, one stop for neighbours: a word taken out and the word in its place are one change. */
  function stops() {
    const all = [.../** @type {Element} */ (redline).querySelectorAll('ins, del, .note')].filter(
      (mark) => mark instanceof HTMLElement && mark.offsetParent && !mark.parentElement?.closest('ins, del, .note, .legend'),
    );
    return /** @type {HTMLElement[]} */ (all.filter((mark, index) => !touches(all[index - 1], mark)));
  }

  /** @param {Element | undefined} before @param {Element} mark */
  function touches(before, mark) {
    return before !== undefined && before.nextSibling === mark;
  }

  const status = document.createElement('span');
  status.setAttribute('role', 'status');
  let current = -1;

  /** @param {number} step */
  function walk(step) {
    const list = stops();
    if (!list.length) return;
    const here = list.findIndex((mark) => mark === document.activeElement || mark.contains(document.activeElement));
    current = (((here < 0 ? current : here) + step) % list.length + list.length) % list.length;
    const mark = /** @type {HTMLElement} */ (list[current]);
    if (!(mark instanceof HTMLAnchorElement)) mark.tabIndex = -1;
    mark.focus();
    status.textContent = (say.place ?? '').replace('{at}', String(current + 1)).replace('{count}', String(list.length));
  }

  for (const [label, step] of /** @type {const} */ ([[say.previous, -1], [say.next, 1]])) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = label ?? '';
    button.addEventListener('click', () => walk(step));
    tools.append(button);
  }
  const keys = document.createElement('span');
  keys.className = 'keys';
  keys.textContent = say.keys ?? '';
  tools.append(status, keys);

  // Single keys only while the redline has the focus (WCAG 2.1.4), and never where a person types or chooses.
  redline.addEventListener('keydown', (event) => {
    const typing = event.target instanceof Element && event.target.closest('input, select, textarea');
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'n' || event.key === 'j') walk(1);
    else if (event.key === 'p' || event.key === 'k') walk(-1);
    else return;
    event.preventDefault();
  });

  // A link to something that is folded away opens it.
  function unfold() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let fold = target?.closest('details'); fold; fold = fold.parentElement?.closest('details')) fold.open = true;
  }
  window.addEventListener('hashchange', unfold);
  unfold();
})();

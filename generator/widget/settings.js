// @ts-check
// The settings layer: one control per purpose and per service, what each would store, what was chosen, and the receipt.

const { texts } = LAYER;

/** @param {string | undefined} text @param {Record<string, string | undefined>} values */
function fill(text = '', values) {
  return text.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
}

/** @type {HTMLDialogElement | null} */
let settings = null;

/** Open it with what is stored, never with defaults (P06). Escape and closing store nothing (B07). */
function showSettings() {
  if (settings?.open) return;
  closeSettings(); // Escape has closed it, and its event is still on the way
  dressMore();
  dress(LAYER.style);
  const dialog = makeSettings();
  dialog.addEventListener('close', () => dialog === settings && closeSettings()); // Escape
  dialog.addEventListener('click', onSettings);
  dialog.addEventListener('change', onControl);
  document.body.append(dialog);
  dialog.showModal();
  settings = dialog;
  tellOfUnknown();
}

/** A gate that nothing will ever open is told in words to whoever wrote it (G03). */
function tellOfUnknown() {
  for (const gate of document.querySelectorAll('[data-purpose]')) {
    const { purpose, service, src } = gate instanceof HTMLElement ? gate.dataset : {};
    const asks = purposes.some(({ id }) => id === purpose) && LAYER.purposes.find(({ id }) => id === purpose);
    const found = asks && (!service || asks.services.some(({ id }) => id === service));
    if (!found || (src && !kinds.some(([selector]) => gate.matches(selector))))
      console.warn('preferences: it waits for ever, for no such purpose, service or embed is declared', gate);
  }
}

/** The dialog gives the focus back to what opened it. */
function closeSettings() {
  settings?.close();
  settings?.remove();
  settings = null;
}

function makeSettings() {
  return part(
    'dialog',
    { id: 'preferences-settings', 'aria-labelledby': 'preferences-settings-title' },
    el(
      'div',
      {},
      el(
        'div',
        {},
        // The focus starts at the heading: no button is pressed for anybody (B13).
        el('h2', { id: 'preferences-settings-title', tabindex: '-1', autofocus: '' }, texts.open),
        el('button', { type: 'button', 'data-close': '' }, texts.close),
      ),
      el('p', {}, texts.settings_intro),
      signalHonoured(),
      ...LAYER.purposes.map(makePurpose),
      makeRecord(),
    ),
    choices(['reject', words.reject], ['accept', words.accept], ['save', texts.save]),
  );
}

/** @param {FullPurpose} purpose */
function makePurpose(purpose) {
  const description = `preferences-about-${purpose.id}`;
  const asks = purposes.find(({ id }) => id === purpose.id); // and the first layer has its words
  return el(
    'section',
    {},
    asks ? makeControl(asks, description) : makeHeading(purpose),
    asks && locked(asks) && stored()[asks.id] !== 2
      ? el('button', { type: 'button', 'data-override': asks.id }, texts.override)
      : undefined,
    el('p', { id: description }, asks?.description ?? purpose.description),
    purpose.justification && el('p', {}, purpose.justification),
    asks && purpose.services.length > 1 ? makeServiceControls(asks, purpose) : undefined,
    purpose.services.length
      ? el('details', {}, el('summary', {}, texts.storage), ...purpose.services.map(makeService))
      : undefined,
  );
}

/** @param {FullPurpose} purpose */
function makeHeading(purpose) {
  return el('h3', {}, purpose.label, el('small', {}, texts.always_on));
}

/** @param {Purpose} purpose @param {string} description id of a text */
function makeControl(purpose, description) {
  const input = makeInput(purpose, { 'data-purpose': purpose.id, 'aria-describedby': description });
  input.checked = allows(stored(), purpose.id);
  return el('h3', {}, el('label', {}, purpose.label, input));
}

/** @param {Purpose} purpose @param {Record<string, string>} attributes */
function makeInput(purpose, attributes) {
  const input = el('input', { type: 'checkbox', ...attributes });
  input.disabled = locked(purpose) && stored()[purpose.id] !== 2;
  return input;
}

/** @param {Purpose} purpose @param {FullPurpose} full */
function makeServiceControls(purpose, full) {
  return el(
    'ul',
    { 'data-services': '' },
    ...full.services.map((service) => {
      const input = makeInput(purpose, { 'data-purpose': purpose.id, 'data-service': service.id });
      input.checked = allows(stored(), purpose.id, service.id);
      return el('li', {}, el('label', {}, `${service.name} (${service.provider})`, input));
    }),
  );
}

/** What is stored, by whom and for how long (P02). @param {FullService} service */
function makeService(service) {
  const provider = fill(service.third_party ? texts.provider_third : texts.provider, {
    provider: service.provider,
  });
  return el(
    'div',
    {},
    el('p', {}, el('b', {}, service.name), el('br', {}), provider),
    el('ul', {}, ...service.storage.map(makeItem)),
  );
}

/** @param {StorageItem} item */
function makeItem(item) {
  const names = {
    cookie: texts.kind_cookie,
    localStorage: texts.kind_localStorage,
    sessionStorage: texts.kind_sessionStorage,
    indexedDB: texts.kind_indexedDB,
  };
  const about = [names[item.kind], item.lifetime].join(' \u00b7 ');
  return el('li', {}, el('code', { dir: 'ltr' }, item.name), ` ${about}`, el('br', {}), item.purpose);
}

/** A purpose speaks for all its services, until one of them is set apart. @param {Event} event */
function onControl({ target }) {
  if (!(target instanceof HTMLInputElement)) return;
  const { purpose, service } = target.dataset;
  const [whole, ...parts] = inputs(purpose);
  if (!whole) return;
  if (service) whole.checked = parts.every((part) => part.checked);
  else for (const part of parts) part.checked = whole.checked;
  whole.indeterminate = !whole.checked && parts.some((part) => part.checked);
}

/** The control of a purpose, then those of its services. @param {string | undefined} purpose
 * @returns {HTMLInputElement[]} */
function inputs(purpose) {
  return [...(settings?.querySelectorAll('input') ?? [])].filter((input) => input.dataset.purpose === purpose);
}

/** The answers as they stand on the screen: what is saved is what is seen (P06). @returns {Answers} */
function shownAnswers() {
  return Object.fromEntries(
    purposes.flatMap((purpose) => {
      const [whole, ...parts] = inputs(purpose.id);
      const yes = locked(purpose) ? 2 : 1; // it could only be set by overriding the signal
      const apart = parts.filter((part) => part.checked !== whole?.checked);
      return [
        [purpose.id, whole?.checked ? yes : 0],
        ...apart.map((part) => [`${purpose.id}_${part.dataset.service}`, part.checked ? yes : 0]),
      ];
    }),
  );
}

/** @param {MouseEvent} event */
function onSettings({ target, isTrusted }) {
  const button = target instanceof Element ? target.closest('button') : null;
  if (!button) return;
  const { choice, override } = button.dataset;
  if ('download' in button.dataset) downloadReceipt();
  else if ('erase' in button.dataset) eraseRecord(button);
  else if ('close' in button.dataset) closeSettings();
  // Only a visitor overrides the signal: no script of the page can make the exception.
  else if (override && isTrusted) unlock(button, override);
  else if (choice === 'save') choose(shownAnswers(), 'settings.save');
  else if (choice === 'accept') choose({ ...answerAll(1), ...overridden() }, 'settings.accept');
  else if (choice === 'reject') choose(answerAll(0), 'settings.reject');
}

/** What the signal would deny and the visitor has allowed stays allowed when all is accepted. @returns {Answers} */
function overridden() {
  return Object.fromEntries(Object.entries(stored()).filter(([, answer]) => answer === 2));
}

/** @param {HTMLButtonElement} button @param {string} purpose */
function unlock(button, purpose) {
  const controls = inputs(purpose);
  for (const input of controls) input.disabled = false;
  controls[0]?.focus();
  button.remove();
}

// @ts-check
// The settings layer: one control per purpose, what each would store, what was chosen, and the receipt.

/** @type {HTMLDialogElement | null} */
let settings = null;

/** Open it with what is stored, never with defaults (P06). Escape and closing store nothing (B07).
 * @param {Answers} answers @param {boolean} gpc @param {Choice | null} choice */
function showSettings(answers, gpc, choice) {
  if (settings?.open) return;
  closeSettings(); // Escape has closed it, and its event is still on the way
  dress();
  const dialog = makeSettings(answers, gpc, choice);
  dialog.addEventListener('close', () => dialog === settings && closeSettings()); // Escape
  document.body.append(dialog);
  dialog.showModal();
  settings = dialog;
}

/** The dialog gives the focus back to what opened it. */
function closeSettings() {
  settings?.close();
  settings?.remove();
  settings = null;
}

/** @param {Answers} answers @param {boolean} gpc @param {Choice | null} choice */
function makeSettings(answers, gpc, choice) {
  return el(
    'dialog',
    {
      id: 'preferences-settings',
      'aria-labelledby': 'preferences-settings-title',
      lang: LANGUAGE,
      dir: DIRECTION,
    },
    el(
      'div',
      {},
      el(
        'div',
        {},
        // The focus starts at the heading: no button is pressed for anybody (B13).
        el('h2', { id: 'preferences-settings-title', tabindex: '-1', autofocus: '' }, words.open),
        el('button', { type: 'button', 'data-close': '' }, words.close),
      ),
      el('p', {}, fill(words.settings_intro, words)),
      signalHonoured(gpc),
      ...CONFIG.purposes.map((purpose) => makePurpose(purpose, answers, gpc)),
      makeRecord(choice),
    ),
    choices({ reject: words.reject, accept: words.accept, save: words.save }),
  );
}

/** @param {Purpose} purpose @param {Answers} answers @param {boolean} gpc */
function makePurpose(purpose, answers, gpc) {
  const description = `preferences-about-${purpose.id}`;
  return el(
    'section',
    {},
    purpose.basis === 'consent' ? makeControl(purpose, answers, gpc, description) : makeHeading(purpose),
    el('p', { id: description }, local(purpose.description)),
    purpose.justification && el('p', {}, local(purpose.justification)),
    makeServices(purpose),
  );
}

/** @param {Purpose} purpose */
function makeHeading(purpose) {
  return el('h3', {}, local(purpose.label), el('small', {}, words.always_on));
}

/** @param {Purpose} purpose @param {Answers} answers @param {boolean} gpc
 * @param {string} description id of a text */
function makeControl(purpose, answers, gpc, description) {
  const input = el('input', {
    type: 'checkbox',
    'data-purpose': purpose.id,
    'aria-describedby': description,
  });
  input.checked = answers[purpose.id] === true;
  input.disabled = locked(purpose, gpc);
  return el('h3', {}, el('label', {}, local(purpose.label), input));
}

/** What is stored, by whom and for how long (P02). @param {Purpose} purpose */
function makeServices(purpose) {
  if (!purpose.services?.length) return undefined;
  return el('details', {}, el('summary', {}, words.storage), ...purpose.services.map(makeService));
}

/** @param {Service} service */
function makeService(service) {
  const provider = fill(service.third_party ? words.provider_third : words.provider, {
    provider: service.provider,
  });
  return el(
    'div',
    {},
    el('p', {}, el('b', {}, local(service.name)), el('br', {}), provider),
    el('ul', {}, ...service.storage.map(makeItem)),
  );
}

/** @param {StorageItem} item */
function makeItem(item) {
  const kinds = {
    cookie: words.kind_cookie,
    localStorage: words.kind_localStorage,
    sessionStorage: words.kind_sessionStorage,
    indexedDB: words.kind_indexedDB,
  };
  const about = [kinds[item.kind], local(item.lifetime)].join(' \u00b7 ');
  return el('li', {}, el('code', { dir: 'ltr' }, item.name), ` ${about}`, el('br', {}), local(item.purpose));
}

/** What was chosen, when, under which versions, and the receipt (P07). @param {Choice | null} choice */
function makeRecord(choice) {
  const answer = receiptOf(choice);
  const facts = answer ? receiptFacts(answer) : choice && choiceFacts(choice);
  return el(
    'section',
    { 'data-record': '' },
    el('h3', {}, words.record),
    facts
      ? el('dl', {}, ...facts.map(([term, value]) => el('div', {}, el('dt', {}, term), el('dd', {}, value))))
      : el('p', {}, words.record_none),
    answer && answer === receipt ? el('p', {}, words.receipt_refusal) : undefined,
    answer ? el('button', { type: 'button', 'data-download': '' }, words.download) : undefined,
  );
}

/** @typedef {[term: string | undefined, value: string][]} Facts */

/** @param {Receipt} answer @returns {Facts} */
function receiptFacts({ event }) {
  return [
    [words.record_date, moment(event.event_time)],
    [words.record_until, moment(event.valid_until)],
    [
      words.record_versions,
      fill(words.record_versions_value, { notice: event.notice.version, policy: event.policy.version }),
    ],
    [words.record_id, event.event_id],
  ];
}

/** @param {Choice} choice @returns {Facts} */
function choiceFacts(choice) {
  return [
    [words.record_date, date(choice.day)],
    [words.record_until, date(lastDay(choice))],
    [
      words.record_versions,
      fill(words.record_versions_value, { notice: choice.notice, policy: choice.policy }),
    ],
    .../** @type {Facts} */ (waiting() ? [[words.record_id, words.record_pending ?? '']] : []),
  ];
}

/** @param {string} time RFC 3339 */
function moment(time) {
  return new Intl.DateTimeFormat(LANGUAGE, { dateStyle: 'long', timeStyle: 'short' }).format(new Date(time));
}

/** @param {number} day since 1970-01-01 */
function date(day) {
  return new Intl.DateTimeFormat(LANGUAGE, { dateStyle: 'long', timeZone: 'UTC' }).format(day * 86_400_000);
}

/** The answers as they stand on the screen: what is saved is what is seen (P06). @returns {Answers} */
function shownAnswers() {
  const inputs = settings?.querySelectorAll('input') ?? [];
  return Object.fromEntries([...inputs].map((input) => [input.dataset.purpose, input.checked]));
}

/** The receipt leaves as a file; the secret stays. @param {Choice | null} choice */
function downloadReceipt(choice) {
  const answer = receiptOf(choice);
  if (!answer) return;
  const file = URL.createObjectURL(new Blob([JSON.stringify(answer, null, 2)], { type: 'application/json' }));
  el('a', { href: file, download: `receipt-${answer.receipt_id}.json` }).click();
  setTimeout(() => URL.revokeObjectURL(file), 60_000);
}

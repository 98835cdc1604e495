// @ts-check
// What was chosen, when and under which versions; the receipt to view and to keep; erasing the record.

/** The receipt of this very choice: an older one says what no longer holds (P07). */
function receiptOf() {
  if (!chosen() || queue().length) return undefined; // before a choice nothing is read
  return [lastReceipt(), kept()?.receipt].find((found) => isReceipt(found) && same(decisions(found), stored()));
}

/** Whether it says what this layer shows. @param {Receipt | null | undefined} answer @returns {answer is Receipt} */
function isReceipt(answer) {
  const event = answer?.event;
  if (!event?.notice || !event.policy || !Array.isArray(event.purposes)) return false;
  const times = [event.event_time, event.valid_until];
  return times.every((time) => Date.parse(time) > 0) && event.purposes.every((purpose) => purpose?.id);
}

/** @param {Receipt} answer @returns {Answers} */
function decisions({ event }) {
  return Object.fromEntries([
    ...event.purposes.map(({ id, decision }) => [id, +(decision === 'granted')]),
    ...(event.services ?? []).map(({ id, decision }) => [
      `${LAYER.purposes.find(({ services }) => services.some((service) => service.id === id))?.id}_${id}`,
      +(decision === 'granted'),
    ]),
  ]);
}

function makeRecord() {
  const answer = receiptOf();
  const choice = chosen();
  const facts = answer ? receiptFacts(answer) : choice && choiceFacts(choice);
  return el(
    'section',
    { 'data-record': '' },
    el('h3', {}, texts.record),
    facts
      ? el('dl', {}, ...facts.map(([term, value]) => el('div', {}, el('dt', {}, term), el('dd', {}, value))))
      : el('p', {}, texts.record_none),
    answer && answer === lastReceipt() ? el('p', {}, texts.receipt_refusal) : undefined,
    answer ? el('button', { type: 'button', 'data-download': '' }, texts.download) : undefined,
    choice && CONFIG.receiver && kept()?.secret
      ? el('button', { type: 'button', 'data-erase': '' }, texts.erase)
      : undefined,
  );
}

/** @typedef {[term: string | undefined, value: string][]} Facts */

/** @param {Receipt} answer @returns {Facts} */
function receiptFacts({ event }) {
  return [
    [texts.record_date, moment(event.event_time)],
    [texts.record_until, moment(event.valid_until)],
    [texts.record_versions, versions(event.notice.version, event.policy.version)],
    [texts.record_id, event.event_id],
  ];
}

/** @param {Choice} choice @returns {Facts} */
function choiceFacts(choice) {
  return [
    [texts.record_date, date(choice.day)],
    [texts.record_until, date(lastDay(choice))],
    [texts.record_versions, versions(choice.notice, choice.policy)],
    .../** @type {Facts} */ (queue().length ? [[texts.record_id, texts.record_pending ?? '']] : []),
  ];
}

/** @param {string} notice @param {string} policy */
function versions(notice, policy) {
  return fill(texts.record_versions_value, { notice: dotted(notice), policy: dotted(policy) });
}

/** @param {string} time RFC 3339 */
function moment(time) {
  return new Intl.DateTimeFormat(CONFIG.language, { dateStyle: 'long', timeStyle: 'short' }).format(new Date(time));
}

/** @param {number} day since 1970-01-01 */
function date(day) {
  return new Intl.DateTimeFormat(CONFIG.language, { dateStyle: 'long', timeZone: 'UTC' }).format(day * 864e5);
}

/** The receipt leaves as a file; the secret stays. */
function downloadReceipt() {
  const answer = receiptOf();
  if (!answer) return;
  const file = URL.createObjectURL(new Blob([JSON.stringify(answer, null, 2)], { type: 'application/json' }));
  el('a', { href: file, download: `receipt-${answer.receipt_id}.json` }).click();
  setTimeout(() => URL.revokeObjectURL(file), 60_000);
}

/** Erase what proves the consent, and with it the consent: nothing goes on without its proof. It cannot be undone, so
 * a second press confirms (A15); a refusal needs none. @param {HTMLElement} button */
async function eraseRecord(button) {
  if (!button.dataset.erase) {
    button.dataset.erase = 'sure';
    button.textContent = texts.erase_sure ?? '';
    return;
  }
  await deliver(); // a record that is under way would arrive after the others were erased
  const answer = await fetch(resolve(`${CONFIG.receiver}/erase`), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ schema: 'policy-secret/1', secret: kept()?.secret }),
    credentials: 'omit',
    referrerPolicy: 'no-referrer',
  }).catch(() => undefined);
  if (!answer?.ok) return say(texts.erase_failed);
  keep('receipt', null);
  keep('queue', null);
  choose(answerAll(0), 'settings.reject'); // recorded without a reference, for there is none any more
  setTimeout(say, 0, texts.erased); // that it was saved has been said by then
}

/** @type {Layer} */
const OPENED = { show: showSettings, close: closeSettings };

// @ts-check
// One record per choice, posted after it was applied. A receiver that is away, slow or wrong changes nothing that
// the visitor chose (W05); one event waits for it, and is sent again with the same key (M06).

const PATIENCE = 24 * 60 * 60 * 1000;

/** The receipt to show; that of a refusal is held here only (M03). @type {Receipt | null} */
let receipt = null;

/** @returns {Kept | null} */
function kept() {
  const found = /** @type {Kept | null} */ (recall('receipt'));
  if (found?.last !== null && typeof found?.last !== 'string') return null;
  return { ...found, receipt: isReceipt(found.receipt) ? found.receipt : null };
}

/** Whether it says what the settings layer shows. @param {Receipt | null | undefined} answer */
function isReceipt(answer) {
  const event = answer?.event;
  if (!event?.notice || !event.policy || !Array.isArray(event.purposes)) return false;
  const times = [event.event_time, event.valid_until];
  return times.every((time) => Date.parse(time) > 0) && event.purposes.every((purpose) => purpose?.id);
}

/** The receipt of this very choice: an older one says what no longer holds (P07).
 * @param {Choice | null} choice */
function receiptOf(choice) {
  if (!choice || waiting()) return undefined; // before a choice nothing is read
  return [receipt, kept()?.receipt].find((found) => found && same(decisions(found), choice.answers));
}

/** @param {Receipt} answer @returns {Answers} */
function decisions({ event }) {
  return Object.fromEntries(event.purposes.map(({ id, decision }) => [id, decision === 'granted']));
}

/** @returns {Waiting | null} the event that waits, if it is not too old */
function waiting() {
  const found = /** @type {Waiting | null} */ (recall('queue'));
  return found?.event?.event_id && Date.now() - found.at < PATIENCE ? found : null;
}

/** Choices are entered one after another, so that each names the one before. @type {Promise<unknown>} */
let entered = Promise.resolve();

/** Record a choice: save the event, then send it.
 * @param {EventType} type @param {Method} method @param {Answers} answers @param {boolean} gpc */
async function record(type, method, answers, gpc) {
  receipt = null;
  if (!CONFIG.receiver) return;
  const turn = entered.then(() => enter(type, method, answers, gpc));
  entered = turn.catch(() => {});
  await send(await turn);
}

/** @param {EventType} type @param {Method} method @param {Answers} answers @param {boolean} gpc */
async function enter(type, method, answers, gpc) {
  const known = type === 'refused' ? null : (kept() ?? (grants(answers) ? await makeKept() : null));
  const event = makeEvent(type, method, answers, gpc, known);
  keep('queue', { at: Date.now(), event });
  link(event, event.event_id);
  return event;
}

/** @param {EventType} type @param {Method} method @param {Answers} answers @param {boolean} gpc
 * @param {Kept | null} known @returns {ChoiceEvent} */
function makeEvent(type, method, answers, gpc, known) {
  return {
    schema: 'policy-choice/1',
    event_id: uuid(),
    prev_event_id: known?.last ?? null,
    subject_ref: known?.ref ?? null,
    event_type: type,
    method,
    purposes: answers,
    notice: {
      sha256: CONFIG.notice.sha256,
      language: LANGUAGE,
      layout: matchMedia('(min-width: 48rem)').matches ? 'wide' : 'narrow',
    },
    policy: { sha256: CONFIG.policy.sha256 },
    signals: { gpc },
    client_time: `${new Date().toISOString().slice(0, 19)}Z`,
  };
}

/** A secret is made at a grant and never before; without crypto.subtle (plain http) there is none.
 * @returns {Promise<Kept>} */
async function makeKept() {
  const secret = btoa(String.fromCharCode(...random(32)))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace('=', '');
  const digest = await crypto.subtle?.digest('SHA-256', new TextEncoder().encode(secret));
  const made = {
    secret: digest ? secret : null,
    ref: digest ? `sha256:${hex(new Uint8Array(digest))}` : null,
    last: null,
    receipt: null,
  };
  keep('receipt', made);
  return made;
}

/** What an earlier page could not deliver. */
function sendWaiting() {
  const found = CONFIG.receiver ? waiting() : null;
  if (!found) return keep('queue', null);
  link(found.event, found.event.event_id);
  send(found.event);
}

/** Never rejects. @param {ChoiceEvent} event */
async function send(event) {
  try {
    const answer = await fetch(resolve(CONFIG.receiver ?? ''), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(event),
      keepalive: true,
      credentials: 'omit',
      referrerPolicy: 'no-referrer', // no path reaches the receiver (M01)
    });
    if (!again(answer.status) && waiting()?.event.event_id === event.event_id) keep('queue', null);
    if (!answer.ok) throw answer;
    receive(event, await answer.json());
  } catch {
    // As far as we know it was not stored: the next record must not name it. A newer one may have come already.
    if (kept()?.last === event.event_id) link(event, event.prev_event_id);
  }
}

/** The receiver may yet take it: RFC 9110 section 15.5.9, RFC 6585 section 4. @param {number} status */
function again(status) {
  return status === 408 || status === 429 || status >= 500;
}

/** @param {ChoiceEvent} event @param {string | null} last */
function link(event, last) {
  const known = kept();
  if (event.event_type !== 'refused' && known) keep('receipt', { ...known, last });
}

/** @param {ChoiceEvent} event @param {Receipt} answer */
function receive(event, answer) {
  if (!isReceipt(answer) || answer.event.event_id !== event.event_id) return;
  const known = kept();
  if (event.event_type === 'refused' || !known) receipt = answer;
  else if (known.last === event.event_id) keep('receipt', { ...known, receipt: answer });
}

/** @param {number} bytes */
function random(bytes) {
  return crypto.getRandomValues(new Uint8Array(bytes));
}

/** @param {Uint8Array} bytes */
function hex(bytes) {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** RFC 9562 section 5.4; crypto.randomUUID is missing on plain http. */
function uuid() {
  const bytes = random(16);
  bytes[6] = ((bytes[6] ?? 0) & 15) | 64;
  bytes[8] = ((bytes[8] ?? 0) & 63) | 128;
  return hex(bytes).replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

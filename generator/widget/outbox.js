// @ts-check
// One record per choice, posted after it was applied. A receiver that is away, slow or wrong changes nothing that the
// visitor chose (W05). What it did not answer waits, and is sent again with the same key (M06): at growing intervals,
// each a bit by chance so that browsers do not come back in step, for a day at most, and never more than eight.

const PATIENCE = 864e5;
const ROOM = 8;

/** The receipt to show; that of a refusal is held here only (M03). @type {Receipt | null} */
let receipt = null;

function lastReceipt() {
  return receipt;
}

/** @returns {Kept | null} */
function kept() {
  const found = recall('receipt');
  return found?.last === null || typeof found?.last === 'string' ? found : null;
}

/** @returns {Waiting[]} what waits, oldest first */
function queue() {
  const found = recall('queue');
  if (!Array.isArray(found)) return [];
  return found
    .filter((item) => item?.answers && item.policy && Math.abs(Date.now() - item.at) < PATIENCE)
    .slice(-ROOM);
}

/** @param {Waiting[]} items */
function keepQueue(items) {
  keep('queue', items.length ? items : null);
}

/** @param {string} id of an event @param {(item: Waiting) => Waiting[]} change */
function amend(id, change) {
  keepQueue(queue().flatMap((item) => (item.event?.event_id === id ? change(item) : item)));
}

/** Choices are entered one after another, so that each names the one before. @type {Promise<unknown>} */
let entered = Promise.resolve();

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** Events that are under way, by id. @type {Map<string, Promise<void>>} */
const flying = new Map();

/** Send what is due, and the rest in its time. */
async function deliver() {
  keepQueue(CONFIG.receiver ? queue() : []); // what is too old leaves
  await (entered = entered.then(enter));
  const now = Date.now();
  await Promise.all(queue().map(({ due = 0, event }) => event && due <= now && send(event)));
  clearTimeout(timer);
  const next = Math.min(...queue().map(({ due = now }) => due));
  if (next < Infinity) timer = setTimeout(deliver, Math.max(next - now, 1000));
}

/** Make the events of the choices that came since, oldest first. One that cannot be made holds up no other. */
async function enter() {
  for (const item of queue().filter(({ event }) => !event)) {
    const event = await makeEvent(item).catch(reportError);
    const items = queue();
    const place = items.findIndex((each) => !each.event);
    items.splice(place, 1, ...(event ? [{ ...item, event }] : []));
    keepQueue(items);
    receipt = null;
    if (event) link(event, event.event_id);
  }
}

/** @param {Waiting} item @returns {Promise<ChoiceEvent>} */
async function makeEvent({ at, id, before, answers, method, gpc, notice, policy, language, wide }) {
  const type = eventType(before, answers);
  const known = type === 'refused' ? null : (kept() ?? (grants(answers) ? await makeKept() : null));
  const whole = Object.entries(answers).map(([key, answer]) => [key, !!answer]);
  // What says the same as its purpose is no answer of its own, nor is one for a service that is not declared any more.
  const services = MORE.purposes.flatMap((purpose) =>
    purpose.services
      .filter(({ id }) => allows(answers, purpose.id, id) !== allows(answers, purpose.id))
      .map(({ id }) => [id, allows(answers, purpose.id, id)]),
  );
  return {
    schema: 'policy-choice/1',
    event_id: id ?? uuid(),
    prev_event_id: known?.last ?? null,
    subject_ref: known?.ref ?? null,
    event_type: type,
    method,
    purposes: Object.fromEntries(whole.filter(([key]) => !`${key}`.includes('_'))),
    ...(services.length && { services: Object.fromEntries(services) }),
    notice: { sha256: notice, language, layout: wide ? 'wide' : 'narrow' },
    policy: { sha256: policy },
    signals: { gpc },
    client_time: `${new Date(at).toISOString().slice(0, 19)}Z`,
  };
}

/** What a choice is to the record. One that has left the cookie is known by its record only.
 * @param {Answers | null} before @param {Answers} after @returns {EventType} */
function eventType(before, after) {
  const had = before ? grants(before) : !!kept()?.last;
  if (!grants(after)) return had ? 'withdrawn' : 'refused';
  if (!had) return 'given';
  return !before || same(before, after) ? 'renewed' : 'changed';
}

/** @param {Answers} before @param {Answers} after */
function same(before, after) {
  return Object.keys({ ...before, ...after }).every(
    (key) => allows(before, ...key.split('_')) === allows(after, ...key.split('_')),
  );
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

/** Once at a time. @param {ChoiceEvent} event */
function send(event) {
  const id = event.event_id;
  const way = flying.get(id) ?? post(event).finally(() => flying.delete(id));
  flying.set(id, way);
  return way;
}

/** Never rejects. @param {ChoiceEvent} event */
async function post(event) {
  const sent = ownCookie();
  let answer;
  try {
    answer = await fetch(resolve(CONFIG.receiver ?? ''), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(event),
      keepalive: true,
      credentials: 'same-origin', // a receiver of the same site may refresh the cookie: Safari keeps ours seven days
      referrerPolicy: 'no-referrer', // no path reaches the receiver (M01)
    });
    if (answer.ok) receive(event, await answer.json());
  } catch {
    // As far as we know it was not stored.
  }
  mend(sent);
  // The receiver may yet take it: RFC 9110 section 15.5.9, RFC 6585 section 4.
  const status = answer?.status ?? 500;
  if (status >= 500 || status === 408 || status === 429) return amend(event.event_id, putOff);
  amend(event.event_id, () => []);
  if (!answer?.ok) unlink(event);
}

/** The choice that was made on this page, and its cookie.
 * @type {[choice?: Choice | null, pair?: string | undefined]} */
let newest = [];

function ownCookie() {
  return cookies().find((pair) => /^\w*-?preferences=/.test(pair));
}

/** The receiver sets the cookie that was sent again, and its answer to an older choice may come after a newer one was
 * made. That one's own answer will set it for as long as it holds. A cookie that says anything else stays: it is
 * another tab's, or was cleared. @param {string | undefined} sent */
function mend(sent) {
  const [choice, pair] = newest;
  if (choice === chosen() && pair !== sent && ownCookie() === sent)
    setCookie(`${pair};Max-Age=${CONFIG.consentDays * 86400};Path=/;SameSite=Lax`);
}

/** From two seconds to a quarter of an hour. @param {Waiting} item */
function putOff({ tries = 1, ...item }) {
  const wait = Math.min(1000 * 2 ** tries, 9e5) * (0.75 + Math.random() / 2);
  return [{ ...item, tries: tries + 1, due: Date.now() + wait }];
}

/** @param {ChoiceEvent} event @param {string | null} last */
function link(event, last) {
  const known = kept();
  if (event.event_type !== 'refused' && known) keep('receipt', { ...known, last });
}

/** It will never be stored: nothing that comes after may name it. @param {ChoiceEvent} event */
function unlink(event) {
  const { event_id, prev_event_id } = event;
  for (const { event: next } of queue())
    if (next?.prev_event_id === event_id)
      amend(next.event_id, (item) => [{ ...item, event: { ...next, prev_event_id } }]);
  if (kept()?.last === event_id) link(event, prev_event_id);
}

/** @param {ChoiceEvent} event @param {Receipt} answer */
function receive(event, answer) {
  if (answer?.event?.event_id !== event.event_id) return;
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

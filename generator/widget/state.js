// @ts-check
// The rules of a choice, without page, storage or clock. Anything not understood is no choice, and no choice is
// denied (G02).

// No JSON: web application firewalls refuse cookies that hold it.
// 1.<12 hex of the notice>.<notice version>.<policy version>.<day, base 36>.<purpose>-<0|1>…
const CHOICE =
  /^1\.([0-9a-f]{12})\.(\d{1,6}-\d{1,6})\.(\d{1,6}-\d{1,6})\.([0-9a-z]{1,6})((?:\.[a-z][a-z0-9-]{0,31}-[01])+)$/;

const optional = CONFIG.purposes.filter((purpose) => purpose.basis === 'consent');

/** @param {string} text a cookie's value @returns {Choice | null} */
function parseChoice(text) {
  const found = CHOICE.exec(text);
  if (!found) return null;
  const [digest, notice, policy, day, list] = /** @type {[string, string, string, string, string]} */ (
    found.slice(1)
  );
  const pairs = list
    .slice(1)
    .split('.')
    .map((item) => /** @type {const} */ ([item.slice(0, -2), item.endsWith('1')]));
  const answers = Object.fromEntries(pairs);
  if (Object.keys(answers).length < pairs.length) return null; // one purpose answered twice
  return { digest, notice: dotted(notice), policy: dotted(policy), day: parseInt(day, 36), answers };
}

/** @param {Choice} choice */
function formatChoice({ digest, notice, policy, day, answers }) {
  const list = Object.keys(answers).map((id) => `${id}-${answers[id] ? 1 : 0}`);
  return [1, digest, dashed(notice), dashed(policy), day.toString(36), ...list].join('.');
}

/** The answers, as a choice made today. The day, not the second: a refusal holds nothing unique (M03).
 * @param {Answers} answers @param {number} day @returns {Choice} */
function makeChoice(answers, day) {
  const { notice, policy } = CONFIG;
  return { digest: notice.sha256.slice(0, 12), notice: notice.version, policy: policy.version, day, answers };
}

/** Whether a choice still answers what is asked today: not expired (W07), not from the future, complete, and made
 * under the same major versions. A minor version asks nobody again (V05), though a kept page may not know it yet.
 * @param {Choice} choice @param {number} today */
function holds(choice, today) {
  return (
    choice.day <= today + 1 &&
    today < lastDay(choice) &&
    major(choice.notice) === major(CONFIG.notice.version) &&
    major(choice.policy) === major(CONFIG.policy.version) &&
    optional.every(({ id }) => Object.hasOwn(choice.answers, id))
  );
}

/** The first day on which a choice no longer counts. @param {Choice} choice */
function lastDay({ day, answers }) {
  return day + lifetime(answers);
}

/** @param {Answers} answers */
function lifetime(answers) {
  return grants(answers) ? CONFIG.consentDays : CONFIG.refusalDays;
}

/** @param {string} version */
function major(version) {
  return version.split('.')[0];
}

/** @param {Answers} answers */
function grants(answers) {
  return Object.values(answers).includes(true);
}

/** The same answer to every purpose. @param {boolean} granted @returns {Answers} */
function answerAll(granted) {
  return Object.fromEntries(optional.map(({ id }) => [id, granted]));
}

/** Global Privacy Control denies the purposes that name it, whatever was asked or stored (S02, S03); its absence
 * grants nothing. @param {Answers} answers @param {boolean} gpc @returns {Answers} */
function honour(answers, gpc) {
  return Object.fromEntries(
    optional.map((purpose) => [purpose.id, answers[purpose.id] === true && !locked(purpose, gpc)]),
  );
}

/** @param {Purpose} purpose @param {boolean} gpc */
function locked(purpose, gpc) {
  return gpc && !!purpose.signals?.includes('gpc');
}

/** What a new choice is to the record. @param {Answers | null} before @param {Answers} after @returns {EventType} */
function eventType(before, after) {
  const had = before !== null && grants(before);
  if (!grants(after)) return had ? 'withdrawn' : 'refused';
  if (!had) return 'given';
  return same(before, after) ? 'renewed' : 'changed';
}

/** @param {Answers} before @param {Answers} after */
function same(before, after) {
  return Object.keys(after).every((id) => before[id] === after[id]);
}

/** @param {string} version */
function dashed(version) {
  return version.replace('.', '-');
}

/** @param {string} version */
function dotted(version) {
  return version.replace('-', '.');
}

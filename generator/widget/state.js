// @ts-check
// The rules of a choice, without page, storage or clock. Anything not understood is no choice, and no choice is
// denied (G02).

// No JSON: web application firewalls refuse cookies that hold it.
// 1.<notice version>.<policy version>.<day, base 36>.<purpose>-<0|1|2>… where a service that was answered apart from
// its purpose is <purpose>_<service>, and 2 is a grant in spite of Global Privacy Control.
const CHOICE = /^1(\.\d{1,6}-\d{1,6}){2}\.[0-9a-z]{1,6}(\.[a-z][a-z0-9-]{0,31}(_[a-z][a-z0-9-]{0,31})?-[012])+$/;

const { purposes, words } = CONFIG;

/** @param {string} text a cookie's value @returns {Choice | null} */
function parseChoice(text) {
  if (!CHOICE.test(text)) return null;
  const [, notice = '', policy = '', day = '', ...list] = text.split('.');
  const answers = Object.fromEntries(list.map((item) => [item.slice(0, -2), +item.slice(-1)]));
  if (Object.keys(answers).length < list.length) return null; // one purpose answered twice
  return { notice, policy, day: parseInt(day, 36), answers };
}

/** @param {Choice} choice */
function formatChoice({ notice, policy, day, answers }) {
  const list = Object.entries(answers).map((pair) => pair.join('-'));
  return [1, notice, policy, day.toString(36), ...list].join('.');
}

/** Whether what was answered about a purpose counts no more: the choice has expired (W07), comes from the future or
 * from a major version that this script does not know, or the declaration changed since. For who granted it that is
 * any material change, for who refused it one that widened it (V05). A new major version of the policy asks those who
 * granted something under the one before. @param {Choice} choice @param {Purpose} purpose @param {number} today */
function isStale(choice, { id, changed = 0, widened = 0 }, today) {
  const granted = grants(choice.answers, id);
  const notice = parseInt(choice.notice);
  const newer = parseInt(CONFIG.policy.version) - parseInt(choice.policy);
  return (
    choice.day > today + 1 ||
    today >= lastDay(choice) ||
    notice > parseInt(CONFIG.notice.version) ||
    notice < (granted ? changed : widened) ||
    newer < 0 ||
    (granted && newer > 0)
  );
}

/** The purposes to ask about. @param {Choice | null} choice @param {number} today */
function unanswered(choice, today) {
  return purposes.filter(
    (purpose) => !choice || !Object.hasOwn(choice.answers, purpose.id) || isStale(choice, purpose, today),
  );
}

/** The first day on which a choice no longer counts. @param {Choice} choice */
function lastDay({ day, answers }) {
  return day + (grants(answers) ? CONFIG.consentDays : CONFIG.refusalDays);
}

/** Whether anything is granted: of all, or of one purpose and its services.
 * @param {Answers} answers @param {string} [purpose] */
function grants(answers, purpose) {
  return Object.keys(answers).some((key) => answers[key] && (!purpose || purposeOf(key) === purpose));
}

/** @param {string} key of an answer */
function purposeOf(key) {
  return key.replace(/_.*/, '');
}

/** What was answered for a service, or for its purpose as a whole. What an object inherits is more than nothing, but
 * it is not more than 0. @param {Answers} answers @param {(string | undefined)[]} names of purpose and service */
function allows(answers, ...[purpose, service]) {
  return (answers[`${purpose}_${service}`] ?? answers[`${purpose}`] ?? 0) > 0;
}

/** The same answer to these purposes. @param {number} answer @returns {Answers} */
function answerAll(answer, asked = purposes) {
  return Object.fromEntries(asked.map(({ id }) => [id, answer]));
}

/** Global Privacy Control denies the purposes that name it, whatever was asked or stored (S02, S03), unless a visitor
 * overrode it for that purpose; its absence grants nothing. Of purposes that are not declared nothing stays.
 * @param {Answers} answers @returns {Answers} */
function honour(answers) {
  /** @type {Answers} */
  const honoured = {};
  for (const [key, answer] of Object.entries(answers))
    for (const purpose of purposes)
      if (purposeOf(key) === purpose.id) honoured[key] = locked(purpose) && answer < 2 ? 0 : answer;
  return honoured;
}

/** @param {Purpose} purpose */
function locked({ signals }) {
  return GPC && !!signals?.includes('gpc');
}

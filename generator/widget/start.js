// @ts-check
// The short setup: reads the state, joins the parts, and listens.

const gpc = navigator.globalPrivacyControl === true;

/** @type {((state: PreferencesState) => unknown)[]} */
const listeners = [];

/** The choice that counts now, or null: then everything optional is off. @type {Choice | null} */
let current = null;

function today() {
  return Math.floor(Date.now() / 86_400_000);
}

function answersNow() {
  return current ? honour(current.answers, gpc) : answerAll(false);
}

/** What this browser said last, even if it no longer counts: the record tells a first grant from a renewed one.
 * @returns {Answers | null} */
function answersBefore() {
  const stored = parseChoice(readCookie());
  if (stored) return stored.answers;
  const last = kept()?.receipt;
  return last ? decisions(last) : null;
}

/** Read the state and act on it; a page that comes back from the back-forward cache does it again. */
function settle() {
  const stored = parseChoice(readCookie());
  current = stored && holds(stored, today()) ? stored : null;
  if (!current) {
    if (optional.length) showNotice(gpc); // nothing to ask, no banner (B14)
  } else if (gpc && optional.some((purpose) => locked(purpose, gpc) && stored?.answers[purpose.id])) {
    return choose(current.answers, 'signal.gpc');
  } else hideNotice();
  if (apply()) location.reload();
}

/** Open what is granted, take back what is not: a lapsed choice granted something once, but a host that never heard
 * one leaves alone what a neighbour may have been granted, and does not look.
 * @returns {boolean} whether only a reload stops what already ran (W03) */
function apply() {
  const answers = answersNow();
  const denied = optional.map(({ id }) => id).filter((id) => !answers[id]);
  openGates(answers);
  if (current || readCookie()) erase(denied);
  return denied.some((id) => ran.has(id));
}

/** Save first, then act, then tell others: a receiver or a listener that fails comes too late to change a choice.
 * @param {Answers} wanted @param {Method} method */
function choose(wanted, method) {
  const before = answersBefore();
  const answers = honour(wanted, gpc);
  current = makeChoice(answers, today());
  writeCookie(formatChoice(current), lifetime(answers));
  const reload = apply();
  closeSettings();
  hideNotice();
  if (method !== 'signal.gpc') {
    say(fill(words.saved, words));
    placeFocus();
  }
  const sent = record(eventType(before, answers), method, answers, gpc);
  announce();
  // The record may leave before the page does, but a slow receiver does not hold up a withdrawal.
  if (reload)
    Promise.race([sent, new Promise((resolve) => setTimeout(resolve, 500))]).then(() => location.reload());
}

function announce() {
  const state = get();
  for (const listener of listeners) tell(listener, state);
  document.dispatchEvent(new CustomEvent('preferences:change', { detail: { purposes: state.purposes } }));
}

/** A listener that throws harms nobody but itself.
 * @param {(state: PreferencesState) => unknown} listener @param {PreferencesState} state */
function tell(listener, state) {
  try {
    listener(state);
  } catch (error) {
    reportError(error);
  }
}

/** @returns {PreferencesState} */
function get() {
  return Object.freeze({ chosen: current !== null, purposes: Object.freeze(answersNow()) });
}

function show() {
  showSettings(answersNow(), gpc, current);
}

/** @param {(state: PreferencesState) => unknown} listener @returns {() => void} stops it */
function onChange(listener) {
  listeners.push(listener);
  return () => void listeners.splice(listeners.indexOf(listener), 1);
}

/** One listener for every button, so that a link drawn later works too (W01). @param {MouseEvent} event */
function onClick(event) {
  const target =
    event.target instanceof Element
      ? event.target.closest('[data-preferences-open],[data-choice],[data-close],[data-download]')
      : null;
  if (!target) return;
  if (target.hasAttribute('data-preferences-open')) {
    event.preventDefault(); // without this script it is a link to the page that lists the cookies
    return show();
  }
  if (settings?.contains(target)) onSettings(target);
  else if (notice?.contains(target)) onNotice(target);
}

/** @param {Element} button */
function onNotice(button) {
  const choice = button.getAttribute('data-choice');
  if (choice === 'settings') show();
  else if (choice === 'accept') choose(answerAll(true), 'banner.accept');
  else choose(answerAll(false), 'banner.reject');
}

/** @param {Element} button */
function onSettings(button) {
  const choice = button.getAttribute('data-choice');
  if (button.hasAttribute('data-download')) downloadReceipt(current);
  else if (button.hasAttribute('data-close')) closeSettings();
  else if (choice === 'save') choose(shownAnswers(), 'settings.save');
  else if (choice === 'accept') choose(answerAll(true), 'settings.accept');
  else if (choice === 'reject') choose(answerAll(false), 'settings.reject');
}

function setUp() {
  if (readCookie()) sendWaiting(); // before a choice not even our own storage is read
  settle();
  document.addEventListener('click', onClick);
  addEventListener('pageshow', (event) => event.persisted && settle());
}

// An own property, for a page's <a id="preferences"> also answers to window.preferences.
// Loaded twice is loaded once.
if (!Object.hasOwn(window, 'preferences')) {
  Object.defineProperty(window, 'preferences', { value: Object.freeze({ get, show, onChange }) });
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', setUp);
  else setUp();
}

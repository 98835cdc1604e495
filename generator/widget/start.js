// @ts-check
// The short setup: reads the state, joins the parts, and listens.

/** The choice that counts now, or null: then everything optional is off. Answers that have to be asked for again are
 * not in it. @type {Choice | null} */
let current = null;

/** The purposes that are being asked about. @type {Purpose[]} */
let asked = [];

function today() {
  return Math.floor(Date.now() / 864e5);
}

/** The answers that are stored and count. @returns {Answers} */
function stored() {
  return { ...current?.answers };
}

/** For the settings layer. */
function chosen() {
  return current;
}

/** Read the state and act on it; a page that comes back from the back-forward cache, and one beside which another
 * was answered, does it again. */
function settle() {
  const last = parseChoice(readCookie());
  asked = unanswered(last, today());
  current = last && { ...last, answers: { ...last.answers } };
  for (const key in current?.answers)
    if (!purposes.some((each) => last && each.id === purposeOf(key) && !isStale(last, each, today())))
      delete current?.answers[key];
  if (!asked.length) hideNotice();
  else if (!notice) ask(last);
  const honoured = honour(stored());
  if (Object.keys(honoured).some((key) => honoured[key] !== stored()[key])) choose(honoured, 'signal.gpc');
  else {
    if (apply()) reload();
    if (readCookie() && isUnfinished()) more().then((parts) => parts.follow(), reportError);
  }
}

/** Whether an earlier page may have left something to deliver, or stored something after its withdrawal. */
function isUnfinished() {
  const recent = current && current.day > today() - 2 && (!CONFIG.receiver || recall('receipt'));
  return asked.length || recall('queue') || (recent && purposes.some(({ id }) => !allows(stored(), id)));
}

/** Ask. Who chose before is shown what changed since; that it could not be fetched keeps nobody from choosing.
 * @param {Choice | null} last */
async function ask(last) {
  if (!emit('show')) return;
  const changes = last && more().then((parts) => parts.changes(last));
  const told = await changes?.catch(() => undefined);
  if (asked.length) showNotice(...(told ?? []));
}

/** Open what is granted. @returns {boolean} whether only a reload stops what already ran (W03) */
function apply() {
  answersNow = stored();
  for (const tell of tellers) if (current) tell(answersNow);
  openGates();
  return ran.some((names) => !allows(answersNow, ...names));
}

/** Save first, then act, then tell others: a receiver or a listener that fails comes too late to change a choice.
 * Only an answer about everything makes a consent younger.
 * @param {Answers} wanted @param {Method} method */
function choose(wanted, method) {
  const answers = honour(wanted);
  const before = parseChoice(readCookie())?.answers ?? null;
  const whole = method.startsWith('settings') || (method.startsWith('banner') && asked.length === purposes.length);
  const { notice, policy, language, receiver } = CONFIG;
  const day = current && !whole && grants(current.answers) ? current.day : today();
  current = { notice: notice.version, policy: policy.version, day, answers };
  asked = unanswered(current, today());
  const maxAge = (lastDay(current) - today()) * 86400;
  setCookie(`${COOKIE}=${formatChoice(current)};Max-Age=${maxAge};Path=/;SameSite=Lax`);
  if (receiver) {
    const choice = { at: Date.now(), id: crypto.randomUUID?.(), before, answers: { ...answerAll(0), ...answers } };
    const shown = { notice: notice.sha256, policy: policy.sha256, language, wide: innerWidth >= 768 };
    keep('queue', [].concat(recall('queue') ?? [], /** @type {any} */ ({ ...choice, ...shown, method, gpc: GPC })));
  }
  const again = apply();
  if (!asked.length) hideNotice();
  const done = more().then((parts) => parts.follow(method, before), reportError);
  emit('change', get());
  tabs?.postMessage(0);
  // The record may leave before the page does, and code for a withdrawal may run; neither holds it up for long.
  if (again) Promise.race([done, new Promise((resolve) => setTimeout(resolve, 1000))]).then(reload);
}

/** A page may cancel it, and stop what ran by itself. */
function reload() {
  if (emit('reload')) location.reload();
}

/** @returns {PreferencesState} */
function get() {
  const answers = Object.entries({ ...answerAll(0), ...stored() }).map(([key, answer]) => [key, !!answer]);
  return Object.freeze({ chosen: !asked.length, purposes: Object.freeze(Object.fromEntries(answers)) });
}

/** The settings layer; the page that lists every cookie where it cannot be loaded. */
function show() {
  if (emit('settings'))
    more().then(
      (parts) => parts.show(),
      () => (location.href = resolve('/cookies/')),
    );
}

/** @param {(state: PreferencesState) => unknown} listener @returns {() => void} stops it */
function onChange(listener) {
  const hear = () => listener(get());
  document.addEventListener('preferences:change', hear);
  return () => document.removeEventListener('preferences:change', hear);
}

/** Take back one purpose, or all: what a page may do for its visitors. It may neither grant, nor answer for them what
 * they were not asked. @param {string} [purpose] */
function withdraw(purpose) {
  const answers = stored();
  const had = grants(answers, purpose);
  for (const key in answers) if (!purpose || purposeOf(key) === purpose) answers[key] = 0;
  if (had) choose(answers, 'page.form');
}

/** @param {string[]} names of a purpose and perhaps a service @returns {Promise<void>} kept once it is granted */
function once(...names) {
  return new Promise((ready) => {
    const look = () => {
      if (allows(stored(), ...names)) ready(stop());
    };
    const stop = onChange(look);
    look();
  });
}

/** One listener for every button, so that a link drawn later works too (W01). @param {MouseEvent} event */
function onClick(event) {
  const { target } = event;
  if (!(target instanceof Element)) return;
  if (target.closest('[data-preferences-open]')) {
    event.preventDefault(); // without this script it is a link to the page that lists the cookies
    return show();
  }
  const choice = notice?.contains(target) && target.getAttribute('data-choice');
  if (choice === 'settings') show();
  else if (choice) choose({ ...stored(), ...answerAll(+(choice === 'accept'), asked) }, `banner.${choice}`);
}

function setUp() {
  settle();
  document.addEventListener('click', onClick);
  later.observe(document, { childList: true, subtree: true });
  addEventListener('pageshow', (event) => event.persisted && (listen(), settle()));
  addEventListener('pagehide', () => tabs?.close()); // an open one would keep the page out of that cache
  listen();
}

/** Other tabs of the site. @type {BroadcastChannel | undefined} */
let tabs;

function listen() {
  try {
    tabs = new BroadcastChannel('preferences');
    tabs.onmessage = settle;
  } catch {
    // A sandboxed frame has no neighbours.
  }
}

function init() {
  const value = Object.freeze({ get, show, onChange, withdraw, once });
  Object.defineProperty(window, 'preferences', { value });
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', setUp);
  else setUp();
}

// An own property, for a page's <a id="preferences"> also answers to window.preferences.
// Loaded twice is loaded once.
if (!Object.hasOwn(window, 'preferences')) {
  // The same in the page's language, with its region or without, if that is another (B11): RFC 5646 section 2.1.1.
  const { lang } = document.documentElement;
  const other = CONFIG.others?.[lang.toLowerCase()] ?? CONFIG.others?.[lang.toLowerCase().replace(/-.*/, '')];
  if (other) load(other, {}).catch(init);
  else init();
}

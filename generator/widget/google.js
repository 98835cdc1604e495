// @ts-check
// Google consent mode, basic: nothing of Google's is loaded before a grant, and everything is denied by default before
// any tag of the page can speak (S08, S09, S10).

/** @typedef {Window & { dataLayer?: unknown[] }} Tagged */

/** @param {...unknown} _ */
function gtag(..._) {
  const page = /** @type {Tagged} */ (window);
  (page.dataLayer ??= []).push(arguments); // Google's scripts tell this object from an array
}

/** @param {Answers} answers */
function google(answers) {
  const types = ['ad_storage', 'ad_user_data', 'ad_personalization', 'analytics_storage'];
  types.push('functionality_storage', 'personalization_storage');
  const told = types.map((type) => [type, granted(answers, `google.${type}`) ? 'granted' : 'denied']);
  return { ...Object.fromEntries(told), security_storage: 'granted' };
}

gtag('consent', 'default', { ...google({}), wait_for_update: 500 });
tellers.push((answers) => gtag('consent', 'update', google(answers)));

// @ts-check
// Microsoft's tags: UET for advertising, and Clarity. Each is denied by default before its tag is there (S11).

/** @typedef {((...said: unknown[]) => void) & { q?: unknown[] }} Clarity */
/** @typedef {Window & { uetq?: unknown[], clarity?: Clarity }} Microsoft */

/** @param {string} kind @param {Answers} answers */
function microsoft(kind, answers) {
  const page = /** @type {Microsoft} */ (window);
  const said = (/** @type {string} */ signal) => (granted(answers, signal) ? 'granted' : 'denied');
  (page.uetq ??= []).push('consent', kind, { ad_storage: said('uet.ad_storage') });
  const clarity = (page.clarity ??= function () {
    (clarity.q ??= []).push(arguments);
  });
  clarity('consentv2', {
    ad_Storage: said('clarity.ad_storage'),
    analytics_Storage: said('clarity.analytics_storage'),
  });
}

microsoft('default', {});
tellers.push((answers) => microsoft('update', answers));

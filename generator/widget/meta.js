// @ts-check
// Meta's pixel is not loaded before a grant, and is revoked before `init` wherever it is loaded (S12).

/** @typedef {Window & { fbq?: (...said: unknown[]) => void }} Pixelled */

/** @param {Answers} answers */
function tellMeta(answers) {
  const { fbq } = /** @type {Pixelled} */ (window);
  fbq?.('consent', granted(answers, 'meta') ? 'grant' : 'revoke');
}

// Meta's snippet gives up where it finds an fbq, so there can be none of ours in its place. The first who uses the one
// that it brings, to say `init`, finds it told.
if (!('fbq' in window))
  Object.defineProperty(window, 'fbq', {
    configurable: true,
    get: () => undefined,
    set(fbq) {
      const become = (/** @type {PropertyDescriptor} */ how) =>
        Object.defineProperty(window, 'fbq', { configurable: true, enumerable: true, ...how });
      const settle = (value = fbq) => become({ value, writable: true });
      become({
        get() {
          settle();
          fbq('consent', 'revoke');
          if (granted(answersNow, 'meta')) tellMeta(answersNow);
          return fbq;
        },
        set: settle,
      });
    },
  });
else tellMeta({});
tellers.push(tellMeta);

// @ts-check
// Meta's pixel is not loaded before a grant. Its own gated snippet revokes before `init`; once that has run, it is told
// what was chosen (S12).

tellers.push((answers) =>
  loading.then(() => {
    const page = /** @type {Window & { fbq?: (...said: unknown[]) => void }} */ (window);
    page.fbq?.('consent', granted(answers, 'meta') ? 'grant' : 'revoke');
  }),
);

// @ts-check
// What changed since this visitor last chose: the fragments that the site holds for the versions they chose under.

/** A fragment may bring these and nothing else: no script, no style, no form. */
const TAGS =
  'a b blockquote br code dd del div dl dt em h2 h3 h4 h5 h6 hr i ins li ol p section small span strong table tbody td th thead tr u ul';
const PLAIN = new Set(TAGS.split(' '));

/** What asks again instead of the first words, and what changed. @param {Choice} last
 * @returns {Promise<[string?, Node?]>} */
async function makeChanges(last) {
  const { notice, policy, language } = CONFIG;
  const addresses = [
    ...(last.notice === notice.version ? [] : [`/cookies/since/${dotted(last.notice)}.${language}.html`]),
    ...(last.policy === policy.version ? [] : [`${SINCE.path}${dotted(last.policy)}.html`]),
  ];
  const told = (await Promise.all(addresses.map(fragment))).filter((found) => found !== null);
  if (!told.length) return [];
  dress(SINCE.style);
  return [SINCE.again, el('div', { 'data-since': '' }, ...told)];
}

/** A document that is fetched as one runs nothing, and needs no markup from a string (X19). Where it does not come in
 * time, the banner is shown without it. @param {string} address @returns {Promise<Node | null>} */
function fragment(address) {
  return new Promise((ready) => {
    const request = new XMLHttpRequest();
    request.open('GET', resolve(address));
    request.responseType = 'document';
    request.timeout = 3000;
    request.onloadend = () => {
      const found = request.status === 200 && request.responseXML?.querySelector('section');
      ready(found ? copy(found, request.responseURL) : null);
    };
    request.send();
  });
}

/** @param {Element} source @param {string} base @returns {Node} */
function copy(source, base) {
  const name = source.localName;
  const made = PLAIN.has(name) ? document.createElement(name) : document.createDocumentFragment();
  for (const child of source.childNodes)
    if (child instanceof Text) made.append(child.data);
    else if (child instanceof Element && !child.matches('script,style')) made.append(copy(child, base));
  if (made instanceof Element) {
    for (const attribute of ['lang', 'dir', 'class', 'colspan', 'rowspan'])
      if (source.hasAttribute(attribute)) made.setAttribute(attribute, source.getAttribute(attribute) ?? '');
    const href = source.getAttribute('href');
    const url = href && new URL(href, base);
    if (url && /^https?:$/.test(url.protocol)) made.setAttribute('href', url.href);
  }
  return made;
}

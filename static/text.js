// @ts-check
// A policy's text within a page of another site: <div data-policy-text><a href="https://…/privacy-policy/">…</a></div>
// becomes the version in force. Where that cannot be had, the link stays. Nothing is kept, and nobody is told.
(() => {
  'use strict';
  /** The script's own integrity does not cover the text, so a text may bring these and nothing else: no script, style
   * or form. */
  const TAGS = new Set(
    (
      'a abbr b blockquote br caption code dd del div dl dt em h2 h3 h4 h5 h6 hr i img ins li ol p pre s section ' +
      'small span strong sub sup table tbody td tfoot th thead time tr u ul'
    ).split(' '),
  );
  const ATTRIBUTES = 'alt class colspan datetime dir height hreflang lang reversed rowspan scope start title width'.split(' ');

  /** A document that is fetched as one runs nothing, and needs no markup from a string, so trusted types are kept.
   * @param {string} address @returns {Promise<Document>} */
  function fetched(address) {
    return new Promise((ready, fail) => {
      const request = new XMLHttpRequest();
      request.open('GET', address);
      request.responseType = 'document';
      request.timeout = 20000;
      request.onload = () => (request.status === 200 && request.responseXML ? ready(request.responseXML) : fail(request.status));
      request.onerror = request.ontimeout = fail;
      request.send();
    });
  }

  /** @param {Element} source @param {string} base @returns {Node} */
  function copy(source, base) {
    const known = TAGS.has(source.localName);
    const made = known ? document.createElement(source.localName) : document.createDocumentFragment();
    for (const child of source.childNodes)
      if (child instanceof Text) made.append(child.data);
      else if (child instanceof Element && !child.matches('script,style')) made.append(copy(child, base));
    if (!(made instanceof Element)) return made;
    for (const name of ATTRIBUTES) if (source.hasAttribute(name)) made.setAttribute(name, source.getAttribute(name) ?? '');
    if (source.id && !document.getElementById(source.id)) made.id = source.id; // the page's own keep theirs
    for (const name of ['href', 'src']) {
      const value = source.getAttribute(name);
      if (value === null) continue;
      if (value.startsWith('#')) made.setAttribute(name, value);
      else if (/^(?:https?|mailto|tel):/.test(new URL(value, base).href)) made.setAttribute(name, new URL(value, base).href);
    }
    return made;
  }

  /** @param {Element} place */
  async function show(place) {
    const link = place.querySelector('a');
    if (!link) return;
    const address = new URL('fragment.html', link.href).href;
    const found = (await fetched(address)).querySelector('section');
    if (!found) return;
    const text = copy(found, address);
    const focused = place.contains(document.activeElement);
    place.replaceChildren(text);
    if (focused && text instanceof HTMLElement) {
      text.tabIndex = -1; // who stood on the link stands at the beginning of the text
      text.focus();
    }
    if (place.querySelector(':target') === null && location.hash.length > 1)
      [...place.querySelectorAll('[id]')].find((part) => `#${part.id}` === decodeURIComponent(location.hash))?.scrollIntoView();
  }

  function start() {
    for (const place of document.querySelectorAll('[data-policy-text]'))
      show(place).catch((why) => console.warn(`the text of ${place.textContent?.trim()} could not be shown here:`, why));
  }

  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', start);
  else start();
})();

// @ts-check
// Frames, images and other embeds: data-src is loaded once its service is allowed. Until then a labelled placeholder of
// the same size stands there, and asks for this service alone (G05).

kinds.push(['[data-src]', openEmbed, holdEmbed]);

/** @type {WeakMap<HTMLElement, HTMLElement>} */
const placeholders = new WeakMap();

/** @param {HTMLIFrameElement} embed */
function openEmbed(embed) {
  placeholders.get(embed)?.remove();
  embed.hidden = false;
  embed.src = trusted().createScriptURL(embed.dataset.src ?? '');
  delete embed.dataset.src;
}

/** @param {HTMLIFrameElement} embed */
function holdEmbed(embed) {
  if (placeholders.has(embed)) return;
  // An image without a source is as large as its words, whatever its attributes say.
  const box = embed.getBoundingClientRect();
  const size = (/** @type {'width' | 'height'} */ side) =>
    `${Math.max(box[side], parseInt(embed.getAttribute(side) ?? '') || 0)}px`;
  const { purpose, service } = embed.dataset;
  const provider = purposes
    .find(({ id }) => id === purpose)
    ?.services?.find(({ id }) => id === service)?.provider;
  const name = embed.title || embed.getAttribute('alt') || '';
  const placeholder = part(
    'div',
    { 'data-preferences': 'held', role: 'group', 'aria-label': name },
    el('p', {}, (words.held ?? '').replace('{name}', () => name).replace('{provider}', () => provider ?? '')),
    choices(['once', words.held_once], ['always', words.held_always]),
  );
  // What a style sheet would not know. Setting it by script needs no 'unsafe-inline'.
  placeholder.style.setProperty('inline-size', size('width'), 'important');
  placeholder.style.setProperty('min-block-size', size('height'), 'important');
  placeholder.addEventListener('click', (event) => {
    const choice = event.target instanceof Element && event.target.getAttribute('data-choice');
    if (!choice || !event.isTrusted) return; // a page's own script must not give anybody's consent
    if (choice === 'always') choose({ ...stored(), [`${purpose}_${service}`]: 1 + +GPC }, 'embed.always');
    else openEmbed(embed);
    embed.focus();
  });
  placeholders.set(embed, placeholder);
  embed.before(placeholder);
  embed.hidden = true;
}

// @ts-check
// What the demonstrations show: the choice, what a page hears, and buttons that do what a page may do.
(() => {
  'use strict';

  /** @param {string} name @returns {HTMLElement | null} */
  const find = (name) => document.querySelector(`[data-demo=${name}]`);

  /** @param {string} name @param {string} text */
  const say = (name, text) => {
    const place = find(name);
    if (place) place.textContent = text;
  };

  const { preferences } = window;

  function tell() {
    if (preferences) say('choices', JSON.stringify(preferences.get(), null, 2));
    const { dataLayer = [] } = /** @type {{ dataLayer?: ArrayLike<unknown>[] }} */ (window);
    if (dataLayer.length) say('tags', dataLayer.map((said) => JSON.stringify(Array.from(said))).join('\n'));
    say('stopped', sessionStorage.getItem('demo-stopped') ?? 'never');
  }

  /** @type {Record<string, (button: HTMLElement) => void>} */
  const acts = {
    show: () => preferences?.show(),
    withdraw: () => preferences?.withdraw(),
    insert(button) {
      const gate = document.createElement('template');
      gate.dataset.purpose = button.dataset.gate;
      gate.content.append(Object.assign(document.createElement('p'), { className: 'slip', textContent: 'Inserted.' }));
      find('place')?.append(gate);
    },
    swap() {
      const body = document.createElement('body');
      body.append(...document.body.cloneNode(true).childNodes);
      body.querySelectorAll('[data-preferences]').forEach((copy) => copy.remove());
      document.body = body;
    },
    age({ dataset }) {
      const [name = '', value = ''] = (/(?:__Host-)?preferences=[^;]+/.exec(document.cookie)?.[0] ?? '').split('=');
      const answers = value.split('.').slice(4);
      const old = [1, dataset.notice, dataset.policy, 0, ...answers].join('.');
      const secure = location.protocol === 'https:' ? ';Secure' : '';
      if (answers.length) document.cookie = `${name}=${old};Path=/;SameSite=Lax${secure}`;
      location.reload();
    },
  };

  for (const name of ['show', 'settings', 'open', 'change', 'reload'])
    document.addEventListener(`preferences:${name}`, (event) => {
      const cancel = find('cancel');
      if (name === 'reload' && cancel instanceof HTMLInputElement && cancel.checked) event.preventDefault();
      say('events', `${find('events')?.textContent ?? ''}preferences:${name}\n`);
      setTimeout(tell);
    });
  document.addEventListener('click', ({ target }) => {
    if (target instanceof HTMLElement) acts[target.dataset.demoAct ?? '']?.(target);
  });
  const awaited = find('once')?.dataset.purposeAwaited;
  if (awaited) preferences?.once(awaited).then(() => say('once', 'granted'));
  tell();
})();

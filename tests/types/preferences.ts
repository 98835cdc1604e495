// What a page's own scripts may write by /preferences.d.ts, and what they may not. tsc is the test.
import '../../generator/widget/preferences';

const { preferences } = window;
const analytics: boolean | undefined = preferences?.get().purposes.analytics;
const stop: (() => void) | undefined = preferences?.onChange((state) => state.chosen === analytics);
preferences?.once('analytics').then(() => stop?.());
preferences?.once('video', 'tube');
preferences?.withdraw();
preferences?.withdraw('analytics');
preferences?.show();
document.addEventListener('preferences:open', (event) => event.detail.gate.dataset.purpose);
document.addEventListener('preferences:change', (event) => event.detail.purposes.analytics);
document.addEventListener('preferences:reload', (event) => event.preventDefault());

// @ts-expect-error A page cannot grant.
preferences?.grant('analytics');
// @ts-expect-error Nor replace the interface,
window.preferences = undefined;
// @ts-expect-error nor answer for a visitor.
if (preferences) preferences.get().purposes.analytics = true;

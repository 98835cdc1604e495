// @ts-check
// The demonstration's gated script: it runs only once the purpose it waits for is allowed.
'use strict';
document.cookie = 'usage_id=demonstration; path=/; max-age=31536000; samesite=lax';
const demoState = document.getElementById('demo-state');
if (demoState) demoState.textContent = 'running';

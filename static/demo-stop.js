// @ts-check
// The demonstration's code for a withdrawal.
'use strict';
sessionStorage.setItem('demo-stopped', new Date().toISOString());

'use strict';
// What both processes of `npm run bench:queues` and `bench:appview` agree on.

/** Of ferripc's socket. */
const CONFIG = { silent: true, id: 'bench', retry: 5, maxRetries: 100 };

const MODES = { echo: 'echo', sink: 'sink' };

/** What a program does that does not come back to its event loop. */
function blockFor(ms) {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

module.exports = { CONFIG, MODES, blockFor };

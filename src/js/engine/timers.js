'use strict';
// The timers as they were when the package was loaded: the real ones, even if a test replaces them with fake ones
// before the first client or server is made. index.js requires it for that reason; other files use it to let the
// event loop turn, or to set a time limit. It also has `nextTick`, which such tests replace, too, and the clock of the
// counters.

const { clearTimeout, setImmediate, setTimeout } = require('node:timers');

/** Whole ms since the process began. */
const now = () => Math.ceil(process.uptime() * 1000);

const { hrtime, nextTick } = process;

/** ms with fractions. A reading costs a tenth of what a message costs in all, and is the cheapest that Node has. */
const clock = () => {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
};

module.exports = { clearTimeout, clock, nextTick, now, setImmediate, setTimeout };

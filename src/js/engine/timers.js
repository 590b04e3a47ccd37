'use strict';
// The timers that were there when the package was loaded: the real ones, though a test may have put
// fake ones in their place before the first client or server is made. Required by index.js for that, and
// by whoever lets the event loop turn, or has to end something. And the clock of the counters, which no test fakes either.

const { clearTimeout, setImmediate, setTimeout } = require('node:timers');

/** Whole ms since the process began. */
const now = () => Math.ceil(process.uptime() * 1000);

const { hrtime } = process;

/** ms with fractions. A reading costs a tenth of what a message costs in all, and is the cheapest that Node has. */
const clock = () => {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
};

module.exports = { clearTimeout, clock, now, setImmediate, setTimeout };

'use strict';
// What makes things happen later: Node's own, although a test of somebody's program may have replaced the global timers,
// `nextTick`, `queueMicrotask` and clocks with fake ones, even before it loads the package (jest's `enableGlobally`).
// Other files take from here what lets the event loop turn, and internal time limits: eslint.config.js sees to it.

const core = require('../core');
const { clearImmediate, clearTimeout, setImmediate, setTimeout } = core('timers');
const util = core('util');

/** Whole ms since the process began. */
const now = () => Math.ceil(process.uptime() * 1000);

const { hrtime } = process;

/** ms with fractions. A reading costs a tenth of what a message costs in all, and is the cheapest that Node has. */
const clock = isFake(hrtime)
  ? () => core('perf_hooks').performance.now() // which takes milliseconds to load
  : () => {
      const [seconds, nanoseconds] = hrtime();
      return seconds * 1e3 + nanoseconds / 1e6;
    };

/** Those of jest, Vitest and Sinon have this property. */
function isFake(it) {
  return it.clock !== undefined;
}

let settled = null;

/**
 * Calls `act` when the code that runs now has ended, promise continuations included, before the event loop goes on. What
 * it throws is an uncaught exception.
 */
function later(act) {
  settled ??= util.callbackify(async () => {});
  settled(() => act());
}

module.exports = { clearImmediate, clearTimeout, clock, later, now, setImmediate, setTimeout };

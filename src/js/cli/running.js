'use strict';
// Commands that run until they are told to end: tap and serve.

const { print, whenGone } = require('./output');

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Fulfilled at the first signal that asks to end, or when nobody reads the output any more. `forget` stops listening. */
function told() {
  let hear;
  const end = new Promise((resolve) => {
    hear = () => resolve();
    for (const signal of SIGNALS) process.once(signal, hear);
    whenGone(hear);
  });
  const forget = () => SIGNALS.forEach((signal) => process.removeListener(signal, hear));
  return { end, forget };
}

/**
 * Prints lines as fast as they are read: `hold(isBehind)` is told when the reader of standard output falls behind, and
 * when it has caught up.
 */
class Printer {
  #isBehind = false;
  #hold;

  constructor(hold) {
    this.#hold = hold;
  }

  print(line) {
    if (print(line) || this.#isBehind) return;
    this.#isBehind = true;
    this.#hold(true);
    process.stdout.once('drain', () => {
      this.#isBehind = false;
      this.#hold(false);
    });
  }
}

module.exports = { Printer, told };

'use strict';
// Commands that run until they are told to end: tap and serve.

const { print, whenGone } = require('./output');

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** One Ctrl-C may come twice: from the terminal, and from npx or `timeout`, which pass it on. Within so many ms it is the same. */
const SAME = 1000;

/**
 * Fulfilled at the first signal that asks to end, or when nobody reads the output any more. Who asks again later wants the
 * process gone at once. `forget` stops listening: to be called when everything is tidied up.
 */
function told() {
  let first = null;
  let hear;
  const forget = () => SIGNALS.forEach((signal) => process.removeListener(signal, hear));
  const end = new Promise((resolve) => {
    hear = (signal) => {
      first ??= performance.now();
      resolve();
      if (performance.now() - first < SAME) return;
      forget();
      process.kill(process.pid, signal);
    };
    for (const signal of SIGNALS) process.on(signal, hear);
    whenGone(resolve);
  });
  return { end, forget };
}

/** Prints lines as fast as they are read: while they are not, `sockets()` are paused. */
class Printer {
  #isBehind = false;
  #sockets;

  constructor(sockets) {
    this.#sockets = sockets;
  }

  print(line) {
    if (print(line) || this.#isBehind) return;
    this.#isBehind = true;
    for (const socket of this.#sockets()) socket.pause();
    process.stdout.once('drain', () => {
      this.#isBehind = false;
      for (const socket of this.#sockets()) socket.resume();
    });
  }
}

/** Counts up to `most`; `reached` is fulfilled then. */
class Count {
  #left;
  #reach;

  constructor(most = Infinity) {
    this.#left = most;
    this.reached = new Promise((resolve) => (this.#reach = resolve));
  }

  get isOver() {
    return this.#left <= 0;
  }

  add() {
    if (--this.#left === 0) this.#reach();
  }
}

module.exports = { Count, Printer, told };

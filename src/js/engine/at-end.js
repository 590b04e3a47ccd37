'use strict';
// Clean-up before the process ends, at its exit or on a signal. Used by the files that would otherwise leave
// something behind: appview.js and ../pixivutil2/ffmpeg.js.

const { process } = require('../core');

/** Signals that can be handled, and that end a process which does not handle them. */
const DEADLY = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];

/** Marks the signal handlers that are ours, or those of another copy of this file. */
const OURS = Symbol.for('ferripc.atEnd');

class AtEnd {
  #act;
  #onExit = () => this.#act();
  #onSignal = Object.assign(
    (signal) => {
      // If the program handles the signal, too, it decides what happens to the process.
      if (!process.listeners(signal).every((listener) => listener[OURS])) return;
      this.#act();
      this.unwatch();
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    },
    { [OURS]: true },
  );

  /** `act` is called between `watch` and `unwatch`, and must not throw. */
  constructor(act) {
    this.#act = act;
  }

  watch() {
    process.on('exit', this.#onExit);
    for (const signal of DEADLY) process.on(signal, this.#onSignal);
  }

  unwatch() {
    process.removeListener('exit', this.#onExit);
    for (const signal of DEADLY) process.removeListener(signal, this.#onSignal);
  }
}

module.exports = { AtEnd };

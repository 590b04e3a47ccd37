'use strict';
// What has to be done before the process ends: at its exit, or when a signal ends it. Used by what would leave
// something behind, appview.js and ../pixivutil2/ffmpeg.js.

/** Signals that end a process which does not handle them, and can be handled. */
const DEADLY = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];

/** Marks the handlers of signals that are ours, or another copy's of this file. */
const OURS = Symbol.for('ferripc.atEnd');

class AtEnd {
  #act;
  #onExit = () => this.#act();
  #onSignal = Object.assign(
    (signal) => {
      // Whoever else handles the signal decides what becomes of the process.
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

'use strict';
// Clean-up before the process ends, at its exit or on a signal. Used by the files that would otherwise leave
// something behind: appview.js, pixivutil2.js and ../pixivutil2/ffmpeg.js.

const { process } = require('../core');

/** Signals that can be handled, and that end a process which does not handle them. */
const DEADLY = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];

/** Marks the signal handlers that are ours, or those of another copy of this file. */
const OURS = Symbol.for('ferripc.atEnd');

/** Those that watch. They share their listeners: of more than ten, Node warns. */
const watching = new Set();

function actAll() {
  for (const act of watching) act();
}

const onSignal = Object.assign(
  (signal) => {
    // If the program handles the signal, too, it decides what happens to the process.
    if (!process.listeners(signal).every((listener) => listener[OURS])) return;
    actAll();
    watching.clear();
    unlisten();
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  },
  { [OURS]: true },
);

function listen() {
  process.on('exit', actAll);
  for (const signal of DEADLY) process.on(signal, onSignal);
}

function unlisten() {
  process.removeListener('exit', actAll);
  for (const signal of DEADLY) process.removeListener(signal, onSignal);
}

class AtEnd {
  #act;

  /** `act` is called between `watch` and `unwatch`, and must not throw. */
  constructor(act) {
    this.#act = () => act();
  }

  watch() {
    if (watching.size === 0) listen();
    watching.add(this.#act);
  }

  unwatch() {
    if (watching.delete(this.#act) && watching.size === 0) unlisten();
  }
}

module.exports = { AtEnd };

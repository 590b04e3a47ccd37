'use strict';
// Messages of one type for `for await`: what `messages` of a client or server returns. Loaded when it is called.

const { abortError, isSignal, unwatch, watch } = require('./requests/signals');
const { argumentError } = require('../errors');

/** An async iterator of what comes from now on, until the owner has no connections any more. */
class Messages {
  #waiting = [];
  #takers = [];
  #stop;
  /** `{value}` or `{error}`, once it is over. */
  #end = null;

  constructor(owner, type, signal) {
    const onMessage = (...args) => this.#add(args);
    const onAbort = () => this.#finish({ error: abortError(signal) });
    owner.on(type, onMessage);
    const detach = owner._attach({ over: () => this.#finish({}) });
    this.#stop = () => {
      owner.removeListener(type, onMessage);
      detach();
      if (signal) unwatch(signal, onAbort);
    };
    if (signal?.aborted) onAbort();
    else if (signal) watch(signal, onAbort);
  }

  #add(args) {
    if (this.#takers.length > 0) this.#takers.shift().resolve({ value: args, done: false });
    else this.#waiting.push(args);
  }

  #finish(end) {
    if (this.#end !== null) return;
    this.#end = end;
    this.#stop();
    for (const taker of this.#takers.splice(0)) this.#tellEnd(taker);
  }

  /** An error is told once. */
  #tellEnd({ resolve, reject }) {
    const { error } = this.#end;
    this.#end = {};
    if (error === undefined) resolve({ value: undefined, done: true });
    else reject(error);
  }

  next() {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length > 0) resolve({ value: this.#waiting.shift(), done: false });
      else if (this.#end !== null) this.#tellEnd({ resolve, reject });
      else this.#takers.push({ resolve, reject });
    });
  }

  /** The loop was left. */
  return(value) {
    this.#waiting = [];
    this.#finish({});
    return Promise.resolve({ value, done: true });
  }

  [Symbol.asyncIterator]() {
    return this;
  }
}

/** @throws {TypeError} see `messages` in party.js */
function messages(owner, type, options) {
  if (typeof type !== 'string') throw argumentError('type', 'of type string', type);
  const { signal } = options ?? {};
  if (signal !== undefined && !isSignal(signal)) {
    throw argumentError('options.signal', 'an AbortSignal', signal);
  }
  return new Messages(owner, type, signal);
}

module.exports = messages;

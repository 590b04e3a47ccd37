'use strict';
// Messages of one type for `for await`: what `messages` of a client or server returns. Loaded when it is called.

const { abortError, isSignal, unwatch, watch } = require('./requests/signals');
const { argumentError } = require('../errors');
const Fifo = require('../fifo');

/**
 * An async iterator of what comes from now on, until the owner has no connections any more, or its handlers are removed:
 * nothing more would come.
 */
class Messages {
  #waiting = new Fifo();
  #takers = new Fifo();
  #stop;
  /** `{value}` or `{error}`, once it is over. */
  #end = null;

  constructor(owner, type, signal) {
    const onMessage = (...args) => this.#end === null && this.#add(args);
    const onAbort = () => this.#finish({ error: abortError(signal) });
    owner.on(type, onMessage);
    const detach = owner._attach({
      over: () => this.#finish({}),
      removed: () => owner._has(type, onMessage) || this.#finish({}),
    });
    this.#stop = () => {
      owner.removeListener(type, onMessage);
      detach();
      if (signal) unwatch(signal, onAbort);
    };
    if (signal) watch(signal, onAbort);
    if (owner._isOver) this.#finish({});
  }

  #add(args) {
    if (this.#takers.length > 0) this.#takers.shift().resolve({ value: args, done: false });
    else this.#waiting.push(args);
  }

  #finish(end) {
    if (this.#end !== null) return;
    this.#end = end;
    this.#stop();
    while (this.#takers.length > 0) this.#tellEnd(this.#takers.shift());
  }

  /** An error is reported once. */
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
    this.#leave();
    return Promise.resolve({ value, done: true });
  }

  /** The same, for a program that iterates by hand. */
  throw(error) {
    this.#leave();
    return Promise.reject(error);
  }

  #leave() {
    this.#waiting = new Fifo();
    this.#finish({});
  }

  [Symbol.asyncIterator]() {
    return this;
  }
}

/** @throws {TypeError} see `messages` in party.js */
function messages(owner, type, options) {
  if (typeof type !== 'string') throw argumentError('type', 'of type string', type);
  const signal = options?.signal ?? undefined;
  if (signal !== undefined && !isSignal(signal)) {
    throw argumentError('options.signal', 'an AbortSignal', signal);
  }
  return new Messages(owner, type, signal);
}

module.exports = messages;

'use strict';
// Calls by which a program ends, stops or replaces its own process, of which no event tells. What a burst holds back goes
// before them, as it does before the event 'exit'. Used by departures.js and ipc2/connection.js.
//
// These are properties of `process` that Node looks up itself (`process.kill` calls `_kill`, `process.exit` calls
// `reallyExit`), and that programs replace, too. So a function is put back only while it is still the one in place.

const { process } = require('../core');

const NAMES = ['_kill', 'abort', 'reallyExit', 'execve'];

/**
 * Has `act(name, arguments)` called before any of them, between `watch` and `unwatch`, and later where others have kept the
 * function. It must not throw.
 */
class LastCalls {
  #act;
  /** Name -> `{original, replaced}`: what is in place, alone or within what others have put there. */
  #places = new Map();

  constructor(act) {
    this.#act = act;
  }

  watch() {
    for (const name of NAMES) {
      const place = this.#places.get(name);
      if (place === undefined) this.#replace(name);
      else if (process[name] === place.original) put(name, place.replaced); // others have put that back
    }
  }

  #replace(name) {
    const original = process[name];
    if (typeof original !== 'function') return;
    const replaced = (...args) => {
      this.#act(name, args);
      return Reflect.apply(original, process, args);
    };
    Object.defineProperties(replaced, Object.getOwnPropertyDescriptors(original)); // its name, and Node's marks
    if (put(name, replaced)) this.#places.set(name, { original, replaced });
  }

  unwatch() {
    for (const [name, { original, replaced }] of this.#places) {
      if (process[name] === replaced && put(name, original)) this.#places.delete(name);
    }
  }
}

/** Whether that was possible: `process` may be frozen. */
const put = (name, value) => Reflect.set(process, name, value);

module.exports = LastCalls;

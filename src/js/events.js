'use strict';
// The event bus that clients and servers extend: what node-ipc 9 and 10 offer together (K12).
// Handlers run with `this` = the client or server; '*' handlers come first, with the type as their
// first argument.

const { argumentError } = require('./errors');

const WILDCARD = '*';

/** Handlers of one type. Replaced, never changed, so that a dispatch keeps the list it began with. */
const NONE = Object.freeze([]);

class Events {
  #handlers = new Map();

  /**
   * Adds a handler; with `once`, for one event only. Chainable.
   * @throws {TypeError} if `type` is not a string or `handler` not a function
   */
  on(type, handler, once = false) {
    if (typeof type !== 'string') throw argumentError('type', 'of type string', type);
    if (typeof handler !== 'function') throw argumentError('handler', 'of type function', handler);
    // The flag belongs to this registration, not to the function (F17).
    const entry = { handler, once: Boolean(once) };
    this.#handlers.set(type, [...(this.#handlers.get(type) ?? NONE), entry]);
    return this;
  }

  /** `on` for one event only. Chainable. */
  once(type, handler) {
    return this.on(type, handler, true);
  }

  /**
   * Removes a handler from a type, or all of that type (`handler` = '*', the default). `off('*')`
   * removes wildcard handlers only. Chainable.
   * @throws {TypeError} if `type` is not a string or `handler` neither a function nor '*'
   */
  off(type = WILDCARD, handler = WILDCARD) {
    if (typeof type !== 'string') throw argumentError('type', 'of type string', type);
    if (handler === WILDCARD) {
      this.#handlers.delete(type);
      return this;
    }
    if (typeof handler !== 'function') {
      throw argumentError('handler', "of type function or '*'", handler);
    }
    this.#keep(type, (entry) => entry.handler !== handler);
    return this;
  }

  /** Removes all handlers of all types. Chainable. */
  reset() {
    this.#handlers.clear();
    return this;
  }

  /** The handlers by type, as a copy. */
  get list() {
    const list = {};
    for (const [type, entries] of this.#handlers) list[type] = entries.map((e) => e.handler);
    return list;
  }

  /** Runs the '*' handlers, then those of `type`. Chainable. Never throws for lack of one (K8). */
  publish(type, ...args) {
    const wildcard = this.#handlers.get(WILDCARD);
    if (wildcard !== undefined) this.#run(WILDCARD, wildcard, [type, ...args]);
    // A message of type '*' is for the wildcard handlers, which have had it.
    const entries = type === WILDCARD ? undefined : this.#handlers.get(type);
    if (entries !== undefined) this.#run(type, entries, args);
    return this;
  }

  /** Runs the '*' handlers alone, for bookkeeping that has to come between the two. */
  _publishWildcard(type, ...args) {
    const entries = this.#handlers.get(WILDCARD);
    if (entries !== undefined) this.#run(WILDCARD, entries, [type, ...args]);
  }

  /** Runs the handlers of `type` alone: for events that '*' handlers of node-ipc never saw. */
  _publishTyped(type, ...args) {
    const entries = this.#handlers.get(type);
    if (entries !== undefined) this.#run(type, entries, args);
  }

  #run(type, entries, args) {
    for (const entry of entries) {
      if (entry.once) this.#keep(type, (other) => other !== entry);
      entry.handler.apply(this, args);
    }
  }

  #keep(type, test) {
    const entries = this.#handlers.get(type);
    if (entries === undefined) return;
    const kept = entries.filter(test);
    if (kept.length > 0) this.#handlers.set(type, kept);
    else this.#handlers.delete(type);
  }
}

// Names of node-ipc 9.
Events.prototype.trigger = Events.prototype.publish;
Events.prototype.subscribe = Events.prototype.on;
Events.prototype.unSubscribe = Events.prototype.off;

module.exports = Events;

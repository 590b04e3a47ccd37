'use strict';
// The event bus that clients and servers extend: what node-ipc 9 and 10 offer together (K12).
// Handlers run with `this` = the client or server; '*' handlers come first, with the type as their
// first argument.

const { argumentError } = require('../errors');

const WILDCARD = '*';

class Events {
  /**
   * Type -> its registrations, `{handler, once, removed}`. Additions change a list, removals replace
   * it: a dispatch under way keeps its place, and skips handlers that were removed one by one. As in node-ipc, it
   * reaches all the others if the whole list was dropped meanwhile.
   */
  #handlers = new Map();
  /** The registrations of '*', or undefined: they are asked for with every event. */
  #wildcard;

  /**
   * Adds a handler; with `once`, for one event only. Chainable.
   * @throws {TypeError} if `type` is not a string or `handler` not a function
   */
  on(type, handler, once = false) {
    if (typeof type !== 'string') throw argumentError('type', 'of type string', type);
    if (typeof handler !== 'function') throw argumentError('handler', 'of type function', handler);
    // The flag belongs to this registration, not to the function (F17).
    const entry = { handler, once: Boolean(once), removed: false };
    const entries = this.#handlers.get(type);
    if (entries === undefined) this.#set(type, [entry]);
    else entries.push(entry);
    return this;
  }

  /** `on` for one event only. Chainable. */
  once(type, handler) {
    return this.on(type, handler, true);
  }

  /**
   * Removes a handler from a type, or all of that type (`handler` = '*', the default). `off('*')`
   * removes wildcard handlers only. Handlers that are removed all at once still hear the event that is being published.
   * Chainable.
   * @throws {TypeError} if `type` is not a string or `handler` neither a function nor '*'
   */
  off(type = WILDCARD, handler = WILDCARD) {
    if (typeof type !== 'string') throw argumentError('type', 'of type string', type);
    if (handler !== WILDCARD && typeof handler !== 'function') {
      throw argumentError('handler', "of type function or '*'", handler);
    }
    if (handler === WILDCARD) this.#set(type, []);
    else this.#remove(type, (entry) => entry.handler === handler);
    this._removed();
    return this;
  }

  /** Removes one registration of a handler, as Node's emitters do, for `events.once` and `events.on`. Chainable. */
  removeListener(type, handler) {
    let found = false;
    this.#remove(type, (entry) => entry.handler === handler && !found && (found = true));
    this._removed();
    return this;
  }

  /** Removes all handlers of all types, as `off` does those of one. Chainable. */
  reset() {
    for (const type of this.#handlers.keys()) this.#set(type, []);
    this._removed();
    return this;
  }

  /** Handlers were removed, other than by their one event. */
  _removed() {}

  /** The handlers by type, as a copy. */
  get list() {
    const list = {};
    for (const [type, entries] of this.#handlers) list[type] = entries.map((e) => e.handler);
    return list;
  }

  /**
   * Runs the '*' handlers, then those of `type`. Chainable. Never throws for lack of one (K8).
   * @throws {TypeError} if `type` is not a string
   */
  publish(type, ...args) {
    if (typeof type !== 'string') throw argumentError('type', 'of type string', type);
    if (this.#wildcard !== undefined) this.#run(WILDCARD, this.#wildcard, [type, ...args]);
    // A message of type '*' is for the wildcard handlers, which have already run.
    const entries = type === WILDCARD ? undefined : this.#handlers.get(type);
    if (entries !== undefined) this.#run(type, entries, args);
    else this._unheard(type, args);
    return this;
  }

  /** Nobody listens for exactly the type of an event that was published. */
  _unheard() {}

  /** Whether this handler is one of the type's. */
  _has(type, handler) {
    return this.#handlers.get(type)?.some((entry) => entry.handler === handler) ?? false;
  }

  /** Whether somebody listens for exactly this type. */
  _hears(type) {
    return this.#handlers.has(type);
  }

  /** Runs the '*' handlers alone, for bookkeeping that has to come between the two. */
  _publishWildcard(type, ...args) {
    if (this.#wildcard !== undefined) this.#run(WILDCARD, this.#wildcard, [type, ...args]);
  }

  /** Runs the handlers of `type` alone: for events that '*' handlers of node-ipc never saw. */
  _publishTyped(type, ...args) {
    const entries = this.#handlers.get(type);
    if (entries !== undefined) this.#run(type, entries, args);
  }

  /** What a handler adds is for the next event: it may add itself, or stand for the rest of this one. */
  #run(type, entries, args) {
    const { length } = entries;
    for (let index = 0; index < length; index++) {
      const entry = entries[index];
      if (entry.removed) continue;
      if (entry.once) this.#remove(type, (other) => other === entry);
      entry.handler.apply(this, args);
    }
  }

  #remove(type, test) {
    const entries = this.#handlers.get(type);
    if (entries === undefined) return;
    const kept = entries.filter((entry) => !(entry.removed = test(entry)));
    this.#set(type, kept);
  }

  #set(type, entries) {
    if (entries.length > 0) this.#handlers.set(type, entries);
    else this.#handlers.delete(type);
    if (type === WILDCARD) this.#wildcard = this.#handlers.get(WILDCARD);
  }
}

// Names of node-ipc 9.
Events.prototype.trigger = Events.prototype.publish;
Events.prototype.subscribe = Events.prototype.on;
Events.prototype.unSubscribe = Events.prototype.off;

module.exports = Events;

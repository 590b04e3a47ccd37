'use strict';
// Talks to the addon for message queues: opening, unlinking, and waiting until one is ready. Used by
// mqueue/queue.js.
//
// A queue is tried on this thread, without waiting. Only a call that has to wait starts a watcher, an I/O thread that
// all queues share. It ends with the last queue that has waited.

const { CODE, guard, guarded } = require('./guard');
const native = require('./native');
const { setImmediate } = require('../core');

/** Queues that are told that they are ready before other events have their turn. */
const BATCH = 64;

/** The current watcher, or null. */
let current = null;

let lastId = 0;

/** Closes the descriptor of a queue that has waited and was collected without being closed. */
const garbage = new FinalizationRegistry((id) => current?.forget(id));

/**
 * What a native call returns, as `{done}`; or `{error}`, the fields of an error: of a Node system error, or of a fault of the
 * native side's own. A caller that waits has to hear of that as well.
 */
function call(act) {
  try {
    const done = guarded(act);
    return typeof done === 'string' ? { error: JSON.parse(done) } : { done };
  } catch (thrown) {
    if (thrown.code !== CODE) throw thrown;
    return { error: { code: thrown.code, message: thrown.message } };
  }
}

/** One life of a native watcher. */
class Watcher {
  constructor(QueueWatcher) {
    /** Queues that have waited, by their number. Weak: a queue that waits for nothing may be collected. */
    this.known = new Map();
    /** Those that keep the process alive, and how many ways each. */
    this.referenced = 0;
    this.hub = native.instance(() => new QueueWatcher(() => this.drain()));
  }

  watch(endpoint, writable) {
    if (!this.known.has(endpoint.id)) {
      this.known.set(endpoint.id, new WeakRef(endpoint));
      garbage.register(endpoint, endpoint.id, endpoint);
    }
    return call(() => this.hub.watch(endpoint.id, endpoint.queue, writable)).error ?? null;
  }

  reference(step) {
    const before = this.referenced;
    this.referenced += step;
    if (before === 0 || this.referenced === 0) this.hub?.keepAlive(this.referenced > 0);
  }

  drain() {
    for (let count = 0; this.hub !== null; count++) {
      // More may be ready each time: timers and the rest have their turn.
      if (count === BATCH) return void setImmediate(() => this.drain());
      const ready = this.hub.next();
      if (ready < 0) return;
      // A handler that throws leaves the rest to the next turn.
      let done = false;
      try {
        this.known
          .get(Math.floor(ready / 2))
          ?.deref()
          ?.ready(ready % 2 === 1);
        done = true;
      } finally {
        if (!done) setImmediate(() => this.drain());
      }
    }
  }

  forget(id) {
    if (!this.known.delete(id)) return;
    this.hub.forget(id);
    if (this.known.size > 0) return;
    if (current === this) current = null;
    this.hub.dispose();
    this.hub = null;
  }
}

/** An open queue. `sink._onReady(writable)` is called when what was waited for has come. */
class Endpoint {
  #watcher = null;
  #referenced = false;
  /** What is being waited for: a message, room. */
  #waits = [false, false];

  constructor(queue, sink) {
    this.id = ++lastId;
    this.queue = queue;
    this.sink = sink;
  }

  /** Sends. Returns null, or the fields of a Node system error. */
  send(data, priority) {
    return call(() => this.queue.send(data, priority)).error ?? null;
  }

  /** Receives. Returns `{data, priority}` or `{error}`. */
  receive() {
    const { error, done } = call(() => this.queue.receive());
    return error ? { error } : { data: done, priority: this.queue.priority() };
  }

  /** `{attributes}`, the numbers of mqueue.rs, or `{error}`. */
  attributes() {
    const { error, done } = call(() => this.queue.attributes());
    return error ? { error } : { attributes: done };
  }

  /** Has the sink told, once, when there is a message, or room for one. Returns null, or an error's fields. */
  wait(writable) {
    if (this.#waits[+writable]) return null;
    if (current === null) {
      const { QueueWatcher } = native.load();
      const { done, error } = call(() => native.attempt(() => new Watcher(QueueWatcher)));
      if (error ?? done.error) return error ?? done.error;
      current = done.made;
    }
    this.#watcher = current;
    const failed = current.watch(this, writable);
    this.#waits[+writable] = failed === null;
    this.#hold();
    return failed;
  }

  /** Whether waiting keeps the process alive. */
  keepAlive(on) {
    this.#referenced = on;
    this.#hold();
  }

  #held = false;

  #hold() {
    const wanted = this.#referenced && this.#watcher !== null;
    if (wanted === this.#held) return;
    this.#held = wanted;
    this.#watcher.reference(wanted ? 1 : -1);
  }

  ready(writable) {
    this.#waits[+writable] = false;
    this.sink._onReady(writable);
  }

  close() {
    this.keepAlive(false);
    this.queue.close();
    garbage.unregister(this);
    this.#watcher?.forget(this.id);
    this.#watcher = null;
  }
}

/** Opens a queue. `options`: see QueueOptions in mqueue.rs. Returns `{endpoint}` or `{error}`. */
function openQueue(name, options, sink) {
  const { openQueue: open } = native.load();
  const { error, done } = call(() => guard(open(name, options)));
  return error ? { error } : { endpoint: new Endpoint(done, sink) };
}

/** Removes a queue's name. Returns null, or the fields of a Node system error. */
function unlinkQueue(name) {
  const { unlinkQueue: unlink } = native.load();
  return call(() => unlink(name)).error ?? null;
}

module.exports = { openQueue, unlinkQueue };

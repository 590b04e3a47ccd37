'use strict';
// The host's side of ipc2 in the native addon: sets and workers by their numbers, calls as promises. There is one
// host in the addon as long as there is a set, a worker or a call, and none before or after. Used by
// worker-set.js, worker-handle.js and builder.js.

const { failed, abortError } = require('./errors');
const { Kind, open } = require('../engine/ipc2-native');
const { Processes } = require('./processes');

/** The host that there is, or null. */
let current = null;

/** Numbers of sets, workers and calls. */
let last = 0;
const nextNumber = () => (last = (last + 1) >>> 0 || 1);

const asItIs = (answer) => answer;

/** Ends a call with its answer. */
function settle({ resolve, reject, read }, answer) {
  try {
    resolve(read(answer));
  } catch (error) {
    reject(error);
  }
}

class Host {
  /** Sets and workers by their numbers: `{launch, ended(exit)}`. */
  #things = new Map();
  /** Calls by their numbers: `{owner, resolve, reject, read, keeps}`. */
  #calls = new Map();
  /** AbortSignal -> `{abort, calls}`: one listener, however many calls have the signal. */
  #signals = new Map();
  #processes;
  #referenced = 0;

  constructor() {
    this.native = open('Ipc2Host', (kind, id, payload) => this.#take(kind, id, payload));
    this.#processes = new Processes(this.native, () => this.#disposeSoon());
  }

  #take(kind, id, payload) {
    if (kind === Kind.EXIT) {
      this.#things.get(id)?.ended(JSON.parse(payload));
      return;
    }
    if (kind === Kind.START) {
      const { number, target } = JSON.parse(payload);
      const thing = this.#things.get(id);
      if (thing === undefined) this.#processes.refuse(number);
      else this.#processes.start(number, target, thing.launch);
      return;
    }
    if (kind === Kind.KILL) {
      this.#processes.kill(id);
      return;
    }
    const call = this.#end(id);
    if (call === undefined) return; // given up
    if (kind === Kind.DONE) settle(call, payload);
    else call.reject(failed(JSON.parse(payload)));
    this.#disposeSoon();
  }

  #end(id) {
    const call = this.#calls.get(id);
    if (call === undefined) return undefined;
    this.#calls.delete(id);
    if (call.signal !== undefined) this.#unwatch(call.signal, id);
    if (call.keeps) this.unref();
    return call;
  }

  /**
   * Begins a call of the set or worker `owner`: `start` gets its number.
   * @returns {Promise} of what `read` makes of its answer; it rejects with an AbortError when `signal` is aborted
   */
  call(owner, start, { signal, read = asItIs } = {}) {
    return new Promise((resolve, reject) => {
      const id = nextNumber();
      this.#calls.set(id, { owner, resolve, reject, read, signal, keeps: false });
      if (signal !== undefined) this.#watch(signal, id);
      start(id);
    });
  }

  #watch(signal, id) {
    let watched = this.#signals.get(signal);
    if (watched === undefined) {
      watched = { abort: () => this.#abort(signal), calls: new Set() };
      this.#signals.set(signal, watched);
      signal.addEventListener('abort', watched.abort, { once: true });
    }
    watched.calls.add(id);
  }

  #unwatch(signal, id) {
    const { abort, calls } = this.#signals.get(signal);
    calls.delete(id);
    if (calls.size > 0) return;
    this.#signals.delete(signal);
    signal.removeEventListener('abort', abort);
  }

  #abort(signal) {
    for (const id of [...this.#signals.get(signal).calls]) {
      const { reject } = this.#end(id);
      this.native.giveUp(id);
      reject(abortError(signal));
    }
    this.#disposeSoon();
  }

  /**
   * A number for a set or a worker. `launch`: how its processes are started, see processes.js; `ended` is called
   * with the end of each worker of it.
   */
  add(launch, ended) {
    const id = nextNumber();
    this.#things.set(id, { launch, ended });
    return id;
  }

  /**
   * The set or worker is gone, but what it has begun has yet to end: with `keeps`, the process lives until then.
   */
  remove(id, keeps) {
    this.#things.delete(id);
    for (const call of keeps ? this.#calls.values() : []) {
      if (call.owner !== id || call.keeps) continue;
      call.keeps = true;
      this.ref();
    }
    this.#disposeSoon();
  }

  ref() {
    if (this.#referenced++ === 0) this.native.keepAlive(true);
  }

  unref() {
    if (--this.#referenced === 0) this.native.keepAlive(false);
  }

  #disposeSoon() {
    const isUsed = this.#things.size + this.#calls.size + this.#processes.size > 0;
    if (isUsed || current !== this) return;
    current = null;
    this.native.dispose();
  }
}

/**
 * The native host.
 * @throws {Error} as `open` of ipc2-native.js
 */
function host() {
  return (current ??= new Host());
}

module.exports = { host };

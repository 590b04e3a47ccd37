'use strict';
// One worker that belongs to no set: from spawn(), or taken out of a set.

const { Launch } = require('./builder');
const { Client } = require('./client');
const { exitOf, offline, startError } = require('./errors');
const { host } = require('./host');

/** Only this module makes handles. */
const key = Symbol('key');

class WorkerHandle extends Client {
  #exit = null;
  #resolve;
  #isMoved = false;

  constructor(given, codecs, launch) {
    if (given !== key)
      throw new TypeError('Illegal constructor: spawn() and popWorker() make these');
    super(codecs, launch);
    /** Process id. */
    this.pid = 0;
    /** How the worker ended, once it has. */
    this.exited = new Promise((resolve) => (this.#resolve = resolve));
  }

  send(data, options = {}) {
    const { native } = this._host;
    return this._ask(data, options, (bytes, call) => native.ask(this._id, call, bytes));
  }

  sendUnidirectional(data, options = {}) {
    const { native } = this._host;
    return this._tell(data, options, (bytes, call) => native.tell(this._id, call, bytes));
  }

  /** Kills the worker. */
  async kill() {
    if (!this.#isMoved) this._host.native.kill(this._id);
    return this.exited;
  }

  [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
    return this.kill();
  }

  _check() {
    if (this.#isMoved) throw new TypeError('The worker was added to a set, which sends its jobs');
    if (this.#exit !== null) throw offline(this.#exit);
  }

  /** It belongs to a set now. */
  _move() {
    this._check();
    this.#isMoved = true;
    this.unref();
  }

  _ended(exit) {
    this.#exit = exitOf(exit);
    this.#resolve(this.#exit);
    if (!this.#isMoved) this._host.native.kill(this._id);
    this._leave();
    this.emit('exit', this.#exit);
  }
}

/** Starts the program at `path` as a worker. */
async function spawn(path, options = {}) {
  const launch = new Launch().workerPath(path)._apply(options);
  const process = launch._process();
  const { native } = host();
  const worker = new WorkerHandle(key, launch.codecs, process);
  const start = (call) => native.spawn(worker._id, call, launch._limits());
  try {
    await worker._call(start);
  } catch (error) {
    worker._leave();
    throw startError(error, process.path);
  }
  worker.pid = native.pid(worker._id);
  return worker;
}

/** A worker without a job that is taken out of a set; null: there is none. */
function pop(set, codecs) {
  const worker = new WorkerHandle(key, codecs, null); // which is started already
  worker.pid = worker._host.native.popWorker(set, worker._id);
  if (worker.pid !== 0) return worker;
  worker._leave();
  return null;
}

module.exports = { WorkerHandle, pop, spawn };

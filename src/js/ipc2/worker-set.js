'use strict';
// A set of workers, of which each has one job at a time.

const { toOptions, toPatience } = require('../arguments');
const { argumentError } = require('../errors');
const { WorkerSetBuilder } = require('./builder');
const { Client } = require('./client');
const { exitOf, noWorker, startError } = require('./errors');
const { WorkerHandle, pop } = require('./worker-handle');

/** What happens to a worker that has not answered in time. */
const TimeoutAction = Object.freeze({ Restart: 'Restart', Error: 'Error' });

/** How long close() waits, in ms. */
const PATIENCE = 5000;

/** Only this module makes sets. */
const key = Symbol('key');

class WorkerSet extends Client {
  #closing = null;

  static builder() {
    return new WorkerSetBuilder(start);
  }

  constructor(given, codecs, launch) {
    if (given !== key) throw new TypeError('Illegal constructor: WorkerSet.builder() makes sets');
    super(codecs, launch);
  }

  send(data, options = {}) {
    const { native } = this._host;
    return this._ask(data, options, (bytes, call) =>
      native.request(this._id, call, bytes, undefined, false),
    );
  }

  async sendTimeout(data, ms, action, options = {}) {
    toPatience(ms, 'ms');
    if (!Object.hasOwn(TimeoutAction, action)) {
      throw argumentError('action', 'TimeoutAction.Restart or TimeoutAction.Error', action);
    }
    const { native } = this._host;
    return this._ask(data, options, (bytes, call) =>
      native.request(this._id, call, bytes, ms, action === TimeoutAction.Restart),
    );
  }

  sendUnidirectional(data, options = {}) {
    const { native } = this._host;
    return this._tell(data, options, (bytes, call) => native.notify(this._id, call, bytes));
  }

  async restart() {
    this._check();
    await this._call((call) => this._host.native.restart(this._id, call));
  }

  popWorker() {
    return this.#closing === null ? pop(this._id, this._codecs) : null;
  }

  addWorker(worker) {
    if (!(worker instanceof WorkerHandle)) throw argumentError('worker', 'a WorkerHandle', worker);
    this._check();
    worker._move();
    this._host.native.addWorker(this._id, worker._id);
    return this;
  }

  pids() {
    return this._host.native.pids(this._id);
  }

  available() {
    return this._host.native.available(this._id);
  }

  /** Ends the set. Called again, it waits for the same. */
  close(options = {}) {
    try {
      this.#closing ??= this.#close(patienceOf(options));
      return this.#closing;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async #close(timeout) {
    await this._call((call) => this._host.native.close(this._id, call, timeout));
    this._leave();
  }

  [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
    return this.close();
  }

  _check() {
    if (this.#closing !== null) throw noWorker();
  }

  _ended(exit) {
    this.emit('exit', exitOf(exit));
  }
}

function patienceOf(options) {
  const { timeout = PATIENCE } = toOptions(options, 'options', ['timeout']);
  return toPatience(timeout, 'options.timeout');
}

/** Starts a set. */
async function start(options, process, codecs) {
  const set = new WorkerSet(key, codecs, process);
  const { native } = set._host;
  try {
    await set._call((call) => native.finish(set._id, call, options));
    return set;
  } catch (error) {
    set._leave();
    throw startError(error, process.path);
  }
}

module.exports = { TimeoutAction, WorkerSet };

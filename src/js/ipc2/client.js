'use strict';
// Jobs: a value becomes bytes, a call is made, and bytes become a value. The common base of sets and workers;
// worker-set.js and worker-handle.js extend it.

const { core } = require('../core');
const { EventEmitter } = core('events');
const { toOptions } = require('../arguments');
const { argumentError } = require('../errors');
const { abortError, unreadable } = require('./errors');
const { host } = require('./host');

/** Options of a job. */
const OPTIONS = ['signal'];

/** The signal in options, if there is one. */
function signalOf(options) {
  const { signal } = toOptions(options, 'options', OPTIONS);
  if (signal !== undefined && !(typeof signal?.aborted === 'boolean' && signal.addEventListener)) {
    throw argumentError('options.signal', 'an AbortSignal', signal);
  }
  return signal;
}

const nothing = () => undefined;

class Client extends EventEmitter {
  #codecs;
  #isReferenced = true;
  #isLive = true;
  _host = host();
  #read = (answer) => {
    try {
      return this.#codecs.response.decode(answer);
    } catch (error) {
      throw unreadable(error);
    }
  };

  /** `launch`: how its processes are started. */
  constructor(codecs, launch) {
    super();
    this.#codecs = codecs;
    this._id = this._host.add(launch, (exit) => this._ended(exit));
    this._host.ref();
  }

  /** Sends a job by `start(bytes, call)`, and waits for its answer. */
  _ask(data, options, start) {
    return this.#begin(data, options, start, this.#read);
  }

  /** The same without an answer. */
  _tell(data, options, start) {
    return this.#begin(data, options, start, nothing);
  }

  /** No async function: each job would take more turns of the microtask queue. */
  #begin(data, options, start, read) {
    try {
      const signal = signalOf(options);
      if (signal?.aborted) throw abortError(signal);
      const bytes = this.#codecs.request._encode(data, 'data');
      this._check();
      return this._call((call) => start(bytes, call), { signal, read });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** As `call` of host.js. */
  _call(start, options) {
    return this._host.call(this._id, start, options);
  }

  get _codecs() {
    return this.#codecs;
  }

  /** Whether the process is kept alive. */
  get _isReferenced() {
    return this.#isReferenced;
  }

  ref() {
    if (!this.#isReferenced && this.#isLive) this._host.ref();
    this.#isReferenced = true;
    return this;
  }

  unref() {
    if (this.#isReferenced && this.#isLive) this._host.unref();
    this.#isReferenced = false;
    return this;
  }

  /** Nothing more will come of it, except the ends of what was begun. */
  _leave() {
    if (!this.#isLive) return;
    const keeps = this.#isReferenced;
    this.unref();
    this.#isLive = false;
    this._host.remove(this._id, keeps);
  }
}

module.exports = { Client };

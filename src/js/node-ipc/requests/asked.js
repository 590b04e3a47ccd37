'use strict';
// A request that this side has made, until it is answered or given up. Made by requests.js.

const { remoteError } = require('./forms');
const { abortError, isSignal, unwatch, watch } = require('./signals');
const { toOptions } = require('../../arguments');
const { argumentError, valueError } = require('../../errors');

const OPTIONS = ['timeout', 'signal', 'offline'];

/** Most that setTimeout can wait, in ms. */
const LONGEST = 2 ** 31 - 1;

class Asked {
  #timer = null;
  #signal = null;
  #onAbort = null;

  /** `settle`: `{resolve, reject}` of its promise. */
  constructor(id, type, settle) {
    this.id = id;
    this.type = type;
    this.settle = settle;
    /** `{left, undo}`: whether it is on its way to the peer, and how to take it back until then. */
    this.ticket = null;
  }

  /** Calls `giveUp(error)` when the time is over, or when the signal is aborted. */
  limit({ timeout = Infinity, signal = null }, giveUp) {
    if (timeout !== Infinity) {
      const time = Math.min(timeout, LONGEST);
      // The connection keeps the process alive, not this.
      this.#timer = setTimeout(() => giveUp(this.#timeoutError(time)), time);
      this.#timer.unref?.();
    }
    if (signal === null) return;
    this.#signal = signal;
    this.#onAbort = () => giveUp(abortError(signal));
    watch(signal, this.#onAbort); // the data may have aborted it while it was encoded
  }

  #timeoutError(timeout) {
    const message = `The request ${JSON.stringify(this.type)} was not answered within ${timeout} ms`;
    const error = Object.assign(new Error(message), { code: 'ETIMEDOUT' });
    error.name = 'TimeoutError';
    return error;
  }

  #end() {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#signal !== null) unwatch(this.#signal, this.#onAbort);
  }

  fail(error) {
    this.#end();
    this.settle.reject(error);
  }

  /** The peer's reply has come. */
  answer({ data, error }) {
    this.#end();
    if (error) this.settle.reject(remoteError(error, this.type));
    else this.settle.resolve(data);
  }
}

/**
 * @throws {TypeError} for a type that is not a string, and options that cannot be used
 */
function checkAsk(type, options) {
  if (typeof type !== 'string') throw argumentError('type', 'of type string', type);
  const { timeout, signal, offline } = toOptions(options, 'options', OPTIONS);
  if (timeout !== undefined && !(typeof timeout === 'number' && timeout > 0)) {
    throw argumentError('options.timeout', 'a positive number of ms', timeout);
  }
  if (signal !== undefined && signal !== null && !isSignal(signal)) {
    throw argumentError('options.signal', 'an AbortSignal', signal);
  }
  if (offline !== undefined && offline !== 'wait' && offline !== 'fail') {
    throw valueError(`options.offline must be 'wait' or 'fail'. Received ${String(offline)}`);
  }
}

module.exports = { Asked, checkAsk };

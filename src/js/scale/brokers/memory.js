'use strict';
// A broker within one process: for tests, and to show what a broker's client has to have. See docs/scale.md.

const { setImmediate } = require('../../core');
const { toOptions } = require('../../arguments');
const { argumentError, codedError } = require('../../errors');

const OPTIONS = ['hub', 'maxPayload'];

/** What a broker is to its clients. */
class Hub {
  #clients = new Set();
  #isUp = true;

  /** Whether it is there. */
  get isUp() {
    return this.#isUp;
  }

  /** As if the broker's process had ended: what is on its way is lost. */
  stop() {
    if (!this.#isUp) return;
    this.#isUp = false;
    for (const client of [...this.#clients]) client._turn('down', away());
  }

  /** As if it had been started again. */
  start() {
    if (this.#isUp) return;
    this.#isUp = true;
    for (const client of [...this.#clients]) client._turn('up');
  }

  _add(client) {
    this.#clients.add(client);
  }

  _remove(client) {
    this.#clients.delete(client);
  }

  /** To all, in the order of the calls, and in a later turn. */
  _publish(subject, bytes) {
    for (const client of this.#clients) client._take(subject, bytes);
  }
}

const away = () => codedError('ECONNREFUSED', 'The hub was stopped');

/** The hub of those that name none. */
const common = new Hub();

class MemoryBroker {
  #hub;
  #onState = null;
  /** Subject -> subscribers. */
  #subscriptions = new Map();
  #waiting = [];
  /** Bytes of the longest message. */
  maxPayload;

  /** @throws {TypeError} for a `hub` that is not one, and for other options */
  constructor(options = {}) {
    const { hub = common, maxPayload = Infinity } = toOptions(options, 'options', OPTIONS);
    if (!(hub instanceof Hub)) throw argumentError('options.hub', 'a Hub', hub);
    this.#hub = hub;
    this.maxPayload = maxPayload;
  }

  /** `onState('up')` and `onState('down', error)` are called when the broker has come or gone. */
  watch(onState) {
    this.#onState = onState;
    this.#hub._add(this);
    if (this.#hub.isUp) this._turn('up');
    else this._turn('down', away());
  }

  publish(subject, bytes) {
    if (!this.#hub.isUp) throw away();
    this.#hub._publish(subject, bytes);
  }

  subscribe(subject, onMessage) {
    this.#subscriptions.set(subject, onMessage);
  }

  close() {
    this.#hub._remove(this);
    this.#subscriptions.clear();
  }

  _turn(state, error) {
    if (state === 'down') this.#waiting = [];
    this.#onState(state, error);
  }

  _take(subject, bytes) {
    if (!this.#subscriptions.has(subject)) return;
    if (this.#waiting.push([subject, bytes]) === 1) setImmediate(() => this.#deliver());
  }

  #deliver() {
    for (const [subject, bytes] of this.#waiting.splice(0)) {
      this.#subscriptions.get(subject)?.(bytes);
    }
  }
}

module.exports = { Hub, MemoryBroker };

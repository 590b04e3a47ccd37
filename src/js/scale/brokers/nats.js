'use strict';
// The client for NATS, by `@nats-io/transport-node`, which is loaded when it is asked for.

const { Reconnecting, missing } = require('./reconnecting');
const { toOptions } = require('../../arguments');
const { valueError } = require('../../errors');

/** Connecting again is done here. */
const NOT_HONOURED = ['reconnect', 'maxReconnectAttempts', 'waitOnFirstConnect', 'noEcho'];

/** ms that one attempt to connect may take, unless the options say otherwise. */
const DIAL_TIMEOUT = 5000;

function library() {
  try {
    return require('@nats-io/transport-node').connect;
  } catch (error) {
    throw missing(error, '@nats-io/transport-node', 'scale.nats()');
  }
}

class Connection {
  #connection;
  /** Of what was published since the last confirmation was asked for. */
  #next = null;
  #asked = Promise.resolve();

  constructor(connection, onError) {
    this.#connection = connection;
    this.closed = connection.closed().then((error) => error ?? undefined);
    this.#watch(onError);
  }

  get maxPayload() {
    return this.#connection.info?.max_payload ?? Infinity;
  }

  async #watch(onError) {
    for await (const { type, error } of this.#connection.status()) {
      if (type === 'error') onError(error);
    }
  }

  /** Resolves when the broker has it: one question for all that is published until the answer to the last one. */
  publish(subject, bytes) {
    this.#connection.publish(subject, bytes);
    this.#next ??= this.#confirmed();
    return this.#next;
  }

  async #confirmed() {
    await this.#asked;
    this.#next = null;
    await (this.#asked = this.#connection.flush());
  }

  async subscribe(subject, onMessage) {
    this.#connection.subscribe(subject, {
      callback: (error, message) => error === null && onMessage(message.data),
    });
    await this.#connection.flush();
  }

  async end() {
    if (!this.#connection.isClosed()) await this.#connection.drain();
  }

  destroy() {
    this.#connection.close().catch(() => {});
  }
}

/**
 * `options`: those of `connect` of `@nats-io/transport-node`.
 * @throws {TypeError} for those that this decides about
 * @throws {Error} MODULE_NOT_FOUND if it is not installed
 */
function nats(options = {}) {
  toOptions(options);
  for (const name of NOT_HONOURED) {
    if (options[name] !== undefined) {
      throw valueError(`options.${name} cannot be set: ferripc connects again by itself`);
    }
  }
  const connect = library();
  const all = {
    name: 'ferripc',
    timeout: DIAL_TIMEOUT,
    ...options,
    reconnect: false,
    noEcho: true,
  };
  return new Reconnecting(async (onError) => new Connection(await connect(all), onError));
}

module.exports = nats;

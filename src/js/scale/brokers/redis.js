'use strict';
// The client for Redis and Valkey, by `ioredis`, which is loaded when it is asked for. A Redis connection with
// subscriptions cannot do anything else, so there are two connections.

const { Reconnecting, missing } = require('./reconnecting');
const { toLimit, toOptions } = require('../../arguments');
const { codedError, valueError } = require('../../errors');

/** Connecting again is done here. */
const NOT_HONOURED = [
  'retryStrategy',
  'enableOfflineQueue',
  'autoResubscribe',
  'autoResendUnfulfilledCommands',
  'lazyConnect',
  'keyPrefix',
];

/** Redis ends the connection of a subscriber for which more than 32 MiB wait, as it is set up by default. */
const MAX_PAYLOAD = 16 * 1024 * 1024;

function library() {
  try {
    const { Redis } = require('ioredis');
    return Redis;
  } catch (error) {
    throw missing(error, 'ioredis', 'scale.redis()');
  }
}

class Connection {
  #sender;
  #receiver;
  /** Subject -> subscribers. */
  #subscriptions = new Map();

  constructor(sender, receiver, maxPayload) {
    this.#sender = sender;
    this.#receiver = receiver;
    this.maxPayload = maxPayload;
    receiver.on('messageBuffer', (subject, bytes) =>
      this.#subscriptions.get(String(subject))?.(bytes),
    );
    this.closed = Promise.race([sender, receiver].map(ended));
  }

  /** Resolves when Redis has it. */
  publish(subject, bytes) {
    if (this.#sender.status !== 'ready') throw closedError();
    return this.#sender.publish(subject, bytes).catch((error) => {
      throw error.code === undefined ? closedError(error) : error;
    });
  }

  async subscribe(subject, onMessage) {
    this.#subscriptions.set(subject, onMessage);
    await this.#receiver.subscribe(subject);
  }

  async end() {
    this.#receiver.disconnect();
    if (this.#sender.status === 'ready') await this.#sender.quit();
  }

  destroy() {
    this.#receiver.disconnect();
    this.#sender.disconnect();
  }
}

/** Resolves when the connection is over, with the last error of it. */
function ended(redis) {
  return new Promise((resolve) => {
    redis.once('end', () => resolve(redis.lastError ?? closedError()));
  });
}

const closedError = (cause) =>
  codedError('ECONNRESET', 'The connection to Redis has ended', cause && { cause });

/**
 * `options`: those of `ioredis`, and `url`, `maxPayload`.
 * @throws {TypeError} for those that this decides about
 * @throws {Error} MODULE_NOT_FOUND if it is not installed
 */
function redis(options = {}) {
  const { url, maxPayload = MAX_PAYLOAD, ...rest } = toOptions(options);
  toLimit(maxPayload, 'options.maxPayload');
  for (const name of NOT_HONOURED) {
    if (rest[name] !== undefined) {
      throw valueError(`options.${name} cannot be set: ferripc connects again by itself`);
    }
  }
  const Redis = library();
  const all = {
    connectionName: 'ferripc',
    connectTimeout: 5000,
    disconnectTimeout: 500,
    ...rest,
    lazyConnect: true,
    retryStrategy: () => null,
    enableOfflineQueue: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
  };

  function make(onError) {
    const made = url === undefined ? new Redis(all) : new Redis(url, all);
    made.on('error', (error) => {
      made.lastError = error;
      if (made.status === 'ready') onError(error);
    });
    return made;
  }

  return new Reconnecting(async (onError) => {
    const both = [make(onError), make(onError)];
    try {
      await Promise.all(both.map((one) => one.connect()));
    } catch (error) {
      for (const one of both) one.disconnect();
      throw both[0].lastError ?? both[1].lastError ?? error;
    }
    return new Connection(...both, maxPayload);
  }, maxPayload);
}

module.exports = redis;

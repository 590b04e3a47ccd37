'use strict';
// What `join` is called with, checked and completed. Used by index.js.

const os = require('node:os');
const { process } = require('../core');
const { check, toFunction, toLimit, toOptions, toText, toTime } = require('../arguments');
const { argumentError, valueError } = require('../errors');

/** ms between two signs of life. */
const HEARTBEAT = 1000;
/** ms of silence after which a server counts as gone. */
const TIMEOUT = 5000;
/** ms that `join` waits for the broker. */
const CONNECT_TIMEOUT = 10_000;
/** Bytes that wait for the broker. */
const MOST_QUEUED = 64 * 1024 * 1024;
/** Characters of the names of clusters and servers. */
const LONGEST_NAME = 255;

/** The options of `join`. */
const OPTIONS = [
  'broker',
  'id',
  'name',
  'prefix',
  'identify',
  'heartbeat',
  'timeout',
  'connectTimeout',
  'maxQueuedBytes',
];

/** @throws {TypeError} that names what is wrong */
function toSettings(server, options) {
  checkServer(server);
  toOptions(options, 'options', OPTIONS);
  const { heartbeat = HEARTBEAT, timeout = TIMEOUT, identify = null } = options;
  const { connectTimeout = CONNECT_TIMEOUT, maxQueuedBytes = MOST_QUEUED } = options;
  const settings = {
    broker: toBroker(options.broker),
    id: toName(options.id ?? server.config.id, 'options.id'),
    name: toName(options.name ?? `${os.hostname()}-${process.pid}`, 'options.name'),
    prefix: toPrefix(options.prefix ?? 'ferripc'),
    identify: identify === null ? null : toFunction(identify, 'options.identify'),
    heartbeat: toTime(heartbeat, 'options.heartbeat'),
    timeout: toTime(timeout, 'options.timeout'),
    connectTimeout: toTime(connectTimeout, 'options.connectTimeout'),
    maxQueuedBytes: toLimit(maxQueuedBytes, 'options.maxQueuedBytes'),
  };
  if (!(settings.timeout > settings.heartbeat)) {
    throw valueError(
      `options.timeout (${settings.timeout}) must be more than options.heartbeat (${settings.heartbeat})`,
    );
  }
  return settings;
}

function checkServer(server) {
  const isServer = typeof server?._attach === 'function' && Array.isArray(server.sockets);
  if (!isServer) throw argumentError('server', 'a server of ferripc', server);
  if (server.udp4 || server.udp6) throw valueError('A server on UDP has no clients to be reached');
  if (server._takesBytes) throw valueError('A server in raw mode has no messages to be shared');
  const serialization = server.config.serialization ?? 'json';
  if (serialization !== 'json') {
    throw valueError(
      `config.serialization must be 'json': between servers messages are JSON. Received ${String(serialization)}`,
    );
  }
}

function toBroker(broker) {
  const methods = ['publish', 'subscribe', 'close'];
  const fits = methods.every((name) => typeof broker?.[name] === 'function');
  const expected = 'an object with publish, subscribe and close';
  check(fits, 'options.broker', expected, broker);
  if (broker.watch !== undefined) toFunction(broker.watch, 'options.broker.watch');
  if (broker.maxPayload !== undefined) toLimit(broker.maxPayload, 'options.broker.maxPayload');
  return broker;
}

function toName(value, name) {
  toText(value, name);
  if (value.length > 0 && value.length <= LONGEST_NAME) return value;
  throw valueError(`${name} must have 1 to ${LONGEST_NAME} characters. Received ${value.length}`);
}

/** It is put before subjects as it is, so that brokers can have rules for it. */
function toPrefix(value) {
  toText(value, 'options.prefix');
  if (value.length <= LONGEST_NAME && /^[\w-]+(\.[\w-]+)*$/.test(value)) return value;
  const { length } = value;
  const received = length > LONGEST_NAME ? `${length} characters` : JSON.stringify(value);
  throw valueError(
    `options.prefix must be 1 to ${LONGEST_NAME} letters, digits, _, -, and single dots between them. Received ${received}`,
  );
}

module.exports = { toSettings };

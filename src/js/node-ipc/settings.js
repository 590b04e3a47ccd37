'use strict';
// How values of `ipc.config` are read. Used by client.js, server.js and the deep import
// entities/EventParser.

const { lazily } = require('../core');
const { DEFAULT_DELIMITER } = require('./config');
const LIMITS = require('./parsers/limits');
const { argumentError, valueError } = require('../errors');
const { limitsOf } = require('../sockets/limits');

const native = lazily(() => require('../engine/native'));
const values = lazily(() => require('./values'));
const parserProfile = lazily(() => require('./parsers/profile'));

/** More than the engine counts. */
const MOST_RATE = 0xffffffff;

/**
 * The framing that a client or server keeps from now on (F3). `delimits`: a parser ends its messages itself.
 * @throws {TypeError} if the delimiter is not a non-empty string, maxMessageBytes or maxQueuedBytes not a
 *   positive number, or linger not a number of ms
 * @throws {Error} with the code ERR_FERRIPC_NO_BINARY for `fallback: false` where no binary loads
 */
function framingOf(config, delimits = false) {
  if (config.fallback === false) native().load();
  const { delimiter = DEFAULT_DELIMITER } = delimits ? {} : config;
  if (typeof delimiter !== 'string' || delimiter === '') {
    throw argumentError('config.delimiter', 'a non-empty string', delimiter);
  }
  return { delimiter, ...limitsOf(config, 'config'), raw: Boolean(config.rawBuffer) };
}

/**
 * Bytes that a client keeps while it is down.
 * @throws {TypeError} for `config.offlineQueue` that is not a number of bytes
 */
function offlineOf({ offlineQueue }) {
  if (offlineQueue === undefined || offlineQueue === null || offlineQueue === false) return 0;
  if (typeof offlineQueue !== 'number' || !(offlineQueue >= 0)) {
    throw argumentError('config.offlineQueue', 'a number of bytes, 0 or more', offlineQueue);
  }
  return offlineQueue;
}

/**
 * The greeting of connections with `config.serialization` 'advanced', see values.js; undefined with 'json'.
 * @throws {TypeError} for another value, and for settings that 'advanced' cannot honour
 */
function greetingOf(config) {
  const { serialization } = config;
  if (serialization === undefined || serialization === null || serialization === 'json') {
    return undefined;
  }
  if (serialization === 'advanced') return values().greetingOf(config);
  const shown =
    typeof serialization === 'string' ? JSON.stringify(serialization) : typeof serialization;
  throw valueError(`config.serialization must be 'json' or 'advanced'. Received ${shown}`);
}

/**
 * How many connections a server accepts within a second; null: any number.
 * @throws {TypeError} if `config.maxConnectionRate` is not a number of 1 or more; and for one on UDP, or without a binary
 */
function rateOf({ maxConnectionRate: rate }, isUdp) {
  if (rate === undefined || rate === null || rate === false || rate === Infinity) return null;
  const name = 'config.maxConnectionRate';
  if (typeof rate !== 'number' || !(rate >= 1)) {
    throw argumentError(name, 'a number of connections a second, 1 or more', rate);
  }
  if (isUdp) throw valueError(`${name} is about connections: UDP has none`);
  try {
    native().load();
  } catch (cause) {
    throw Object.assign(valueError(`${name} needs the native binary`), { cause });
  }
  return Math.min(Math.floor(rate), MOST_RATE);
}

/** For `config.serialization` 'advanced' on UDP: the greeting needs a connection. */
const noDatagrams = () =>
  valueError("config.serialization 'advanced' needs connections: UDP has none");

/**
 * What `config.parser` makes of a client or server from now on: see parsers/profile.js. Null without a parser.
 * @throws {TypeError} for a parser that is not one, and for a setting of node-ipc 14 that would have no effect
 */
function profileOf(config) {
  const { parser, rawBuffer } = config;
  refuseStray(config);
  if (!parser) return null;
  if (rawBuffer && parser !== 'raw' && parser !== 'fast') {
    const message =
      'config.rawBuffer means the parser "raw": set it or another config.parser, not both';
    throw valueError(message);
  }
  return new (parserProfile())(config);
}

const LIMIT_LIST = Object.entries(LIMITS);

/** A protection that the program asks for, but would not get. */
function refuseStray(config) {
  const { parser, allowedEvents } = config;
  const isNamed = !parser || typeof parser === 'string';
  if (allowedEvents && isNamed && parser !== 'assured')
    throw strayError('allowedEvents', '"assured"');
  if (!isNamed || parser === 'guarded' || parser === 'assured') return;
  for (const [name, usual] of LIMIT_LIST) {
    const value = config[name];
    // Programs that name a parser may have copied the whole list of settings from node-ipc 14's README.
    if (isNoLimit(value, name) || (parser && value === usual)) continue;
    throw strayError(name, '"guarded" or "assured"');
  }
}

function isNoLimit(value, name) {
  const isUnset = value === undefined || value === null || value === false;
  return isUnset || value === Infinity || (name === 'messageTimeout' && value === 0);
}

function strayError(name, parsers) {
  const message = `config.${name} works with config.parser ${parsers} only: set it, or leave config.${name} out`;
  return valueError(message);
}

/**
 * The options for connecting to a host, from `config.interface` or `config.interfaces` (K24), and below
 * them those that `config.tls` has, which node-ipc hands to `tls.connect`.
 */
function interfaceOf(config) {
  const options = {};
  for (const source of [config.tls, config.interfaces, config.interface]) {
    for (const key of ['localAddress', 'localPort', 'family', 'hints', 'lookup']) {
      if (source?.[key]) options[key] = source[key];
    }
  }
  return options;
}

const READABLE_BY_ALL = 0o444;
const WRITABLE_BY_ALL = 0o222;

/** What a server makes of a socket that is at its path already: see listener.js. */
function claimOf({ unlink }) {
  if (unlink === 'stale') return 'stale';
  return unlink ? 'takeover' : 'never';
}

/** The permissions that a server's path gets besides the process's own. */
function addedModeOf({ readableAll, writableAll }) {
  return (readableAll ? READABLE_BY_ALL : 0) | (writableAll ? WRITABLE_BY_ALL : 0);
}

/**
 * How sockets are to decode what users read of them; falsy means UTF-8, as for Node's streams.
 * @throws {TypeError} for an encoding that Node does not have
 */
function encodingOf({ encoding }) {
  if (!encoding || Buffer.isEncoding(encoding)) return encoding || 'utf8';
  const message = `config.encoding is not an encoding: ${typeof encoding === 'string' ? encoding : typeof encoding}`;
  throw Object.assign(new TypeError(message), { code: 'ERR_UNKNOWN_ENCODING' });
}

module.exports = {
  addedModeOf,
  claimOf,
  encodingOf,
  framingOf,
  greetingOf,
  interfaceOf,
  noDatagrams,
  offlineOf,
  profileOf,
  rateOf,
};

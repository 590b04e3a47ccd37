'use strict';
// How values of `ipc.config` are read. Used by client.js, server.js and the deep import
// entities/EventParser.

const { constants } = require('node:buffer');
const { DEFAULT_DELIMITER, MAX_QUEUED } = require('./config');
const { HIGH_WATER } = require('../engine/connection');
const { argumentError } = require('../errors');

/** More than the engine counts. */
const MOST_QUEUED = 0xffffffff;

/**
 * The framing that a client or server keeps from now on (F3).
 * @throws {TypeError} if the delimiter is not a non-empty string, or maxMessageBytes or maxQueuedBytes not a
 *   positive number
 */
function framingOf(config) {
  const {
    delimiter = DEFAULT_DELIMITER,
    maxMessageBytes = constants.MAX_STRING_LENGTH,
    maxQueuedBytes = MAX_QUEUED,
  } = config;
  if (typeof delimiter !== 'string' || delimiter === '') {
    throw argumentError('config.delimiter', 'a non-empty string', delimiter);
  }
  if (!(maxMessageBytes > 0)) {
    throw argumentError('config.maxMessageBytes', 'a positive number', maxMessageBytes);
  }
  if (!(maxQueuedBytes > 0)) {
    throw argumentError('config.maxQueuedBytes', 'a positive number', maxQueuedBytes);
  }
  const maxFrame = Math.min(Math.floor(maxMessageBytes), constants.MAX_STRING_LENGTH);
  const maxQueued = Math.min(Math.max(maxQueuedBytes, HIGH_WATER), MOST_QUEUED);
  return { delimiter, maxFrame, maxQueued, raw: Boolean(config.rawBuffer) };
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

module.exports = { framingOf, interfaceOf };

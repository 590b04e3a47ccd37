'use strict';
// How values of `ipc.config` are read. Used by client.js, server.js and the deep import
// entities/EventParser.

const { DEFAULT_DELIMITER } = require('./config');
const { argumentError } = require('../errors');
const { limitsOf } = require('../sockets/limits');

/**
 * The framing that a client or server keeps from now on (F3).
 * @throws {TypeError} if the delimiter is not a non-empty string, maxMessageBytes or maxQueuedBytes not a
 *   positive number, or linger not a number of ms
 */
function framingOf(config) {
  const { delimiter = DEFAULT_DELIMITER } = config;
  if (typeof delimiter !== 'string' || delimiter === '') {
    throw argumentError('config.delimiter', 'a non-empty string', delimiter);
  }
  return { delimiter, ...limitsOf(config, 'config'), raw: Boolean(config.rawBuffer) };
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

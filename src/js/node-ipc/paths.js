'use strict';
// Local socket paths as node-ipc makes them (K2). Used by ipc.js for defaults, and by parsers/transports.js.

const { lazily } = require('../core');

const parserRoot = lazily(() => require('./parsers/root'));

const SHARED_ROOT = '/tmp/';

/** `socketRoot + appspace + id`: plain concatenation, so that each part may be empty. */
function defaultPath(config, id) {
  const { appspace = 'app.' } = config;
  return rootOf(config) + appspace + id;
}

/**
 * `config.socketRoot`. The parser 'assured' cannot have the default, which everybody shares: it has that of
 * node-ipc 14.
 */
function rootOf({ socketRoot = SHARED_ROOT, parser }) {
  const isAssured = parser === 'assured' || parser?.profile === 'assured';
  if (!isAssured || socketRoot !== SHARED_ROOT) return socketRoot;
  return parserRoot().privateRoot();
}

module.exports = { defaultPath, rootOf };

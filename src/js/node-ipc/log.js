'use strict';
// `ipc.log` and the `log` of clients and servers (K18). Called with `this` = whatever has a `config`.
// Callers on a hot path test `config.silent` first, so that silence costs nothing.

const { core } = require('../core');
const util = core('util');

function log(...args) {
  const { silent, logDepth, logInColor, logger } = this.config;
  if (silent) return;
  const options = { depth: logDepth, colors: logInColor };
  const parts = args.map((arg) => (typeof arg === 'object' ? util.inspect(arg, options) : arg));
  (logger ?? console.log)(parts.map(asText).join(' '));
}

/** As Array#join takes it, except for symbols, which join refuses. */
function asText(part) {
  return typeof part === 'symbol' ? String(part) : (part ?? '');
}

module.exports = log;

'use strict';
// `ipc.log` and the `log` of clients and servers (K18). Called with `this` = whatever has a `config`.
// Callers on a hot path test `config.silent` first, so that silence costs nothing.

const { core } = require('../core');
const util = core('util');

function log(...args) {
  const { config } = this;
  const { silent, logDepth, logInColor } = config;
  if (silent) return;
  const options = { depth: logDepth, colors: logInColor };
  const parts = args.map((arg) => (typeof arg === 'object' ? util.inspect(arg, options) : arg));
  const line = parts.map(asText).join(' ');
  if (config.logger === undefined || config.logger === null) console.log(line);
  else config.logger(line); // as a method of it
}

/** As Array#join takes it, except for symbols, which join refuses. */
function asText(part) {
  return typeof part === 'symbol' ? String(part) : (part ?? '');
}

module.exports = log;

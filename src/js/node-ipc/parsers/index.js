'use strict';
// The parser classes of node-ipc 14, and the one that a configuration asks for. Public as ferripc/parsers; loaded
// by whoever has set `config.parser`, by profile.js.

const AssuredParser = require('./assured');
const FastParser = require('./fast');
const { GuardedParser, reservedEventTypes } = require('./guarded');
const IPCProtocolError = require('./protocol-error');
const RawParser = require('./raw');
const { argumentError } = require('../../errors');

const BY_NAME = new Map([
  ['raw', RawParser],
  ['fast', FastParser],
  ['guarded', GuardedParser],
  ['assured', AssuredParser],
]);

/**
 * The parser of a configuration: by name, an instance of a class (which gets the configuration), or the object that
 * `config.parser` is. `config.rawBuffer` is another name of 'raw'; without both it is a FastParser.
 * @throws {TypeError} for anything else, or for settings that the parser does not take
 */
function createParser(config = {}) {
  const selected = config.rawBuffer ? 'raw' : config.parser || 'fast';
  const Parser = typeof selected === 'function' ? selected : BY_NAME.get(selected);
  const parser = Parser === undefined ? selected : new Parser(config);
  if (typeof parser?.encode === 'function' && typeof parser.read === 'function') return parser;
  const names = [...BY_NAME.keys()].map((name) => `'${name}'`).join(', ');
  const what = `one of ${names}, or an object or class with the methods encode and read`;
  throw argumentError('config.parser', what, config.parser);
}

module.exports = {
  AssuredParser,
  FastParser,
  GuardedParser,
  IPCProtocolError,
  Parser: FastParser,
  RawParser,
  createParser,
  reservedEventTypes,
};

'use strict';
// `ferripc/parsers`: the parser classes of node-ipc 14, and its default, FastParser, for what compilers make of
// `import Parser from`. In `exports` of package.json, and a file for tools that do not read `exports`.
const {
  AssuredParser,
  FastParser,
  GuardedParser,
  IPCProtocolError,
  Parser,
  RawParser,
  createParser,
  reservedEventTypes,
} = require('./src/js/node-ipc/parsers');

module.exports = {
  AssuredParser,
  FastParser,
  GuardedParser,
  IPCProtocolError,
  Parser,
  RawParser,
  createParser,
  reservedEventTypes,
  default: Parser,
};
Object.defineProperty(module.exports, '__esModule', { value: true });

// `ferripc/parsers` for ES modules: as node-ipc 14's, with the parser 'fast' as the default.
import parsers from './src/js/node-ipc/parsers/index.js';

export const {
  AssuredParser,
  FastParser,
  GuardedParser,
  IPCProtocolError,
  Parser,
  RawParser,
  createParser,
  reservedEventTypes,
} = parsers;
export default parsers.Parser;

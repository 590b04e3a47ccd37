'use strict';
// `ferripc/parsers`: the parser classes of node-ipc 14. In `exports` of package.json, and a file for tools that do
// not read `exports`.
module.exports = require('./src/js/node-ipc/parsers');
// For Node, which reads but does not run it: the names that an ES module can import.
// eslint-disable-next-line no-constant-binary-expression
0 &&
  (module.exports = {
    AssuredParser,
    FastParser,
    GuardedParser,
    IPCProtocolError,
    Parser,
    RawParser,
    createParser,
    reservedEventTypes,
  });

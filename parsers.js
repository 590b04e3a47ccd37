'use strict';
// `ferripc/parsers`: the parser classes of node-ipc 14. In `exports` of package.json, and a file for tools that do
// not read `exports`.
module.exports = require('./src/js/node-ipc/parsers');

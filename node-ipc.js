'use strict';
// Deep import of node-ipc (K25): its main file. In `exports` of package.json, and a file for tools that do not
// read `exports`.
module.exports = require('./index.js');

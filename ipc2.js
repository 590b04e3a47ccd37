'use strict';
// `ferripc/ipc2`. In `exports` of package.json, and a file for tools that do not read `exports`.
module.exports = require('./src/js/ipc2/index.js');

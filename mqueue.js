'use strict';
// `ferripc/mqueue`. In `exports` of package.json, and a file for tools that do not read `exports`.
module.exports = require('./src/js/mqueue/index.js');

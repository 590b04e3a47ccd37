'use strict';
// `ferripc/scale`. In `exports` of package.json, and a file for tools that do not read `exports`.
module.exports = require('./src/js/scale/index.js');

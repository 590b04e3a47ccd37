'use strict';
// `ferripc/pixivutil2`. In `exports` of package.json, and a file for tools that do not read `exports`.
module.exports = require('./src/js/pixivutil2/index.js');

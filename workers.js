'use strict';
// `ferripc/workers`, another name of `ferripc/ipc2`.
module.exports = require('./src/js/ipc2/index.js');

'use strict';
// Deep import of node-ipc (K25): the default configuration.
module.exports = require('../src/js/node-ipc/config').Defaults;

'use strict';
// Deep import of node-ipc (K25): the server class.
module.exports = require('../src/js/node-ipc/server');

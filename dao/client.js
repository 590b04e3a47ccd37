'use strict';
// Deep import of node-ipc (K25): the client class.
module.exports = require('../src/js/node-ipc/client');

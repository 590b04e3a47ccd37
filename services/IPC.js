'use strict';
// Deep import of node-ipc (K25): the IPC class.
module.exports = require('../src/js/node-ipc/ipc');

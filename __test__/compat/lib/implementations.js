// The three implementations that the compat suite puts against each other, by label.
// Called by role.js, which loads exactly one of them per process.
'use strict';

const path = require('node:path');

// FERRIPC_COMPAT_TARGET names another ferripc to prove, e.g. an unpacked tarball.
const target = process.env.FERRIPC_COMPAT_TARGET || path.join(__dirname, '../../..');

const table = {
  9: {
    module: () => require('node-ipc-9'),
    singleton: () => require('node-ipc-9'),
    IPC: () => require('node-ipc-9').IPC,
    deep: (name) => require(`node-ipc-9/${name}`),
    esm: 'node-ipc-9',
  },
  10: {
    module: () => require('node-ipc-10'),
    singleton: () => require('node-ipc-10').default,
    IPC: () => require('node-ipc-10').IPCModule,
    // its exports map hides every file but the entry
    deep: null,
    esm: 'node-ipc-10',
  },
  new: {
    module: () => require(path.join(target, 'index.js')),
    singleton: () => require(path.join(target, 'index.js')),
    IPC: () => require(path.join(target, 'index.js')).IPCModule,
    deep: (name) => require(path.join(target, name)),
    esm: path.join(target, 'index.mjs'),
  },
};

module.exports = table;

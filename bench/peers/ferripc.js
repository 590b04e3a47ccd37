'use strict';

// This package as built in the working tree. See index.js for the interface; loaded from there.

const { fromIpc } = require('../lib/ipc-adapter.js');

module.exports = {
  title: 'ferripc',
  version: () => require('../../package.json').version,
  ...fromIpc(() => {
    const ipc = require('../../index.js');
    return new ipc.IPC();
  }),
};

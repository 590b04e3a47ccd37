'use strict';

// This package as built in the working tree. See index.js for the interface; loaded from there.

const { builtIn, fromIpc } = require('../lib/ipc-adapter.js');

const load = () => require('../../index.js');

module.exports = {
  title: 'ferripc',
  version: () => require('../../package.json').version,
  load,
  ...fromIpc(() => new (load().IPC)(), { requests: builtIn, values: true }),
};

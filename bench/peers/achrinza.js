'use strict';

// @achrinza/node-ipc 10, the package that ferripc replaces. See index.js for the interface; loaded
// from there.

const fs = require('fs');
const path = require('path');
const { fromIpc } = require('../lib/ipc-adapter.js');

module.exports = {
  title: '@achrinza/node-ipc',
  version: () => {
    // Its `exports` hide package.json from require().
    const file = path.join(path.dirname(require.resolve('node-ipc-10')), 'package.json');
    return JSON.parse(fs.readFileSync(file, 'utf8')).version;
  },
  ...fromIpc(() => {
    const { IPCModule } = require('node-ipc-10');
    return new IPCModule();
  }),
};

'use strict';

// @achrinza/node-ipc 10, the package that ferripc replaces. See index.js for the interface; loaded
// from there.
//
// Raw bytes go through strings in `config.encoding` in both directions; latin1 is the fastest of the
// encodings that leave all bytes as they are.

const fs = require('fs');
const path = require('path');
const { fromIpc } = require('../lib/ipc-adapter.js');

const load = () => require('node-ipc-10');

module.exports = {
  title: '@achrinza/node-ipc',
  version: () => {
    // Its `exports` hide package.json from require().
    const file = path.join(path.dirname(require.resolve('node-ipc-10')), 'package.json');
    return JSON.parse(fs.readFileSync(file, 'utf8')).version;
  },
  load,
  ...fromIpc(() => new (load().IPCModule)(), { rawEncoding: 'latin1' }),
};

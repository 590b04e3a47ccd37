'use strict';

// node-ipc 14. See index.js for the interface; loaded from there.
//
// Its default parser profile, 'fast', is what is measured: the fastest that still has events and JSON
// ('raw' has neither), and the only one besides 'raw' without a limit of 1 MiB per message.

const fs = require('fs');
const path = require('path');
const { fromIpc } = require('../lib/ipc-adapter.js');

const load = () => import('node-ipc-14');

module.exports = {
  title: 'node-ipc',
  version: () => {
    // ESM only and `exports` without package.json: require.resolve() cannot find it before Node 22.
    const dirs = require.resolve.paths('node-ipc-14');
    const file = dirs
      .map((dir) => path.join(dir, 'node-ipc-14', 'package.json'))
      .find((candidate) => fs.existsSync(candidate));
    if (!file) {
      throw new Error('node-ipc-14 is not installed');
    }
    return JSON.parse(fs.readFileSync(file, 'utf8')).version;
  },
  load,
  ...fromIpc(async () => {
    const { IPCModule } = await load();
    return new IPCModule();
  }),
};

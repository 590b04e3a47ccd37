'use strict';

// This package as built in the working tree. See index.js for the interface; loaded from there.

const path = require('path');
const { builtIn, fromIpc } = require('../lib/ipc-adapter.js');

/** The name of the environment variable that has a folder with it as it is published, see published.js. */
const VARIABLE = 'BENCH_FERRIPC';

const folder = () => process.env[VARIABLE] ?? path.join(__dirname, '..', '..');
const load = () => require(path.join(folder(), 'index.js'));

module.exports = {
  title: 'ferripc',
  version: () => require('../../package.json').version,
  load,
  VARIABLE,
  folder,
  ...fromIpc(() => new (load().IPC)(), { requests: builtIn, values: true }),
};

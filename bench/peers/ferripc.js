'use strict';

// This package as built in the working tree, with its JavaScript engine where FERRIPC_DRIVER=js asks for that. See
// index.js for the interface; loaded from there.

const path = require('path');
const { builtIn, fromIpc } = require('../lib/ipc-adapter.js');

/** The name of the environment variable that has a folder with it as it is published, see published.js. */
const VARIABLE = 'BENCH_FERRIPC';

/** Whether the JavaScript engine is measured, which has no `serialization: 'advanced'`. */
const isJavaScript = process.env.FERRIPC_DRIVER === 'js';

const folder = () => process.env[VARIABLE] ?? path.join(__dirname, '..', '..');
const load = () => require(path.join(folder(), 'index.js'));

module.exports = {
  title: isJavaScript ? 'ferripc, JavaScript engine' : 'ferripc',
  version: () => require('../../package.json').version,
  load,
  VARIABLE,
  folder,
  isJavaScript,
  ...fromIpc(() => new (load().IPC)(), { requests: builtIn, values: !isJavaScript }),
};

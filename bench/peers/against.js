'use strict';

// Another build of this package, `--against <folder>`: a checkout that is built, or an unpacked package. The
// folder reaches the processes of a sample by the environment. See index.js for the interface; loaded from
// there.

const path = require('path');
const { fromIpc } = require('../lib/ipc-adapter.js');

/** The name of the environment variable that has the folder. */
const VARIABLE = 'BENCH_AGAINST';

function folder() {
  const value = process.env[VARIABLE];
  if (!value) {
    throw new Error("the peer 'against' needs --against <folder of another build>");
  }
  return path.resolve(value);
}

const load = () => require(path.join(folder(), 'index.js'));

module.exports = {
  title: 'the other build',
  version: () => require(path.join(folder(), 'package.json')).version,
  load,
  VARIABLE,
  folder,
  ...fromIpc(() => new (load().IPC)()),
};

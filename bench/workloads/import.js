'use strict';

// What it takes to load a package: from before require() or import() to after it, in a process that has
// loaded nothing yet. See index.js for the interface; loaded from there.

const { execFile } = require('child_process');
const path = require('path');
const { promisify } = require('util');
const { median } = require('../lib/stats.js');

const PROCESS = path.join(__dirname, '..', 'lib', 'import-process.js');

async function alone({ peerName, count }) {
  const run = promisify(execFile);
  const times = [];
  // One more, and the first is left out: it may have had to read the files from the disk.
  for (let i = 0; i <= count; i++) {
    const { stdout } = await run(process.execPath, [PROCESS, peerName]);
    times.push(Number(stdout));
  }
  return { time: median(times.slice(1)) };
}

module.exports = {
  name: 'import',
  title: 'Loading the package',
  metrics: [{ key: 'time', title: 'time', unit: 'ms', better: 'lower', target: 1 }],
  modes: ['free'],
  count: 8,
  quickCount: 3,
  timeLimitMs: 60000,
  alone,
};

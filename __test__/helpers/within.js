'use strict';
// A fixture's second half, in a process within what a command makes: another user, another namespace.

const { spawnSync } = require('node:child_process');

/** For fixtures: runs this program again by way of a command, with other arguments, and shows what it prints. */
function within([command, ...words], args) {
  const run = [...words, process.execPath, process.argv[1], JSON.stringify(args)];
  const { stdout, stderr } = spawnSync(command, run);
  process.stdout.write(stdout);
  process.stderr.write(stderr);
}

module.exports = { within };

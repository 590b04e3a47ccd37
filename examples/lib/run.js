'use strict';
// Starts the parts of an example, each in a process of its own, and shows what they print, each line
// after the name of its part. Used by every examples/*/index.js that has more than one process.

const { fork } = require('node:child_process');
const path = require('node:path');
const readline = require('node:readline');

/**
 * Runs files of `folder` at the same time: `[file, ...args]` each. A part is called what its first
 * argument says, or as its file. Resolves when all have ended with exit code 0. Otherwise ends those
 * that still run, and makes this process exit with 1.
 */
async function run(folder, ...parts) {
  const children = [];
  const start = ([file, ...args]) =>
    new Promise((resolve) => {
      const name = args[0] ?? file;
      const child = fork(path.join(folder, file), args, { silent: true });
      children.push(child);
      for (const stream of [child.stdout, child.stderr]) {
        readline.createInterface({ input: stream }).on('line', (line) => {
          console.log(`${name.padEnd(8)} | ${line}`);
        });
      }
      child.on('close', (code) => {
        if (code !== 0) {
          process.exitCode = 1;
          for (const other of children) other.kill();
        }
        resolve();
      });
    });
  await Promise.all(parts.map(start));
}

module.exports = run;

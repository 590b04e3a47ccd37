'use strict';
// Keeping the thread from everything else: for programs that tests start, and for tests.

const fs = require('node:fs');

/** Blocks it until there is a line of standard input, and returns that. */
function block() {
  const bytes = Buffer.alloc(100);
  return String(bytes.subarray(0, fs.readSync(0, bytes)));
}

/** Keeps it busy for so many ms. */
function burn(ms) {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

module.exports = { block, burn };

'use strict';

// Loads one peer's package and prints the milliseconds that it took. Started by workloads/import.js, not
// by fork(): the channel would have loaded node:net before. Nothing else may be required here.
//
//   import-process.js <peer>

const fs = require('fs');
const { loadPeer } = require('../peers/index.js');

const { load } = loadPeer(process.argv[2]);

async function main() {
  const startedAt = performance.now();
  const loaded = load();
  if (typeof loaded.then === 'function') {
    await loaded;
  }
  const elapsed = performance.now() - startedAt;
  fs.writeSync(1, String(elapsed));
}

main();

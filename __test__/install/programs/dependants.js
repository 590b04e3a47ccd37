'use strict';
// node dependants.js PLACE: uses node-ipc by way of two packages that depend on it and on @achrinza/node-ipc.

const [place] = process.argv.slice(2);

async function main() {
  for (const name of ['uses-node-ipc', 'uses-achrinza']) console.log(await require(name)(place));
}

main();

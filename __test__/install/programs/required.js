'use strict';
// node required.js PLACE NAME: a CommonJS program that has the package under the name NAME, with and
// without its deep imports.

const roundTrip = require('./round-trip.js');

const [place, name] = process.argv.slice(2);

async function main() {
  const ipc = require(name);
  const answers = [await roundTrip(ipc, place)];
  const IPC = require(`${name}/services/IPC.js`);
  answers.push(await roundTrip(new IPC(), place));
  const deep = ['services/IPC', 'dao/client', 'dao/socketServer', 'entities/Defaults', 'node-ipc'];
  deep.push('entities/EventParser');
  for (const file of deep) {
    if (require(`${name}/${file}`) !== require(`${name}/${file}.js`)) answers.push(`two ${file}`);
  }
  if (require(`${name}/node-ipc`) !== ipc) answers.push('node-ipc is another');
  if (!(ipc instanceof IPC)) answers.push('IPC is another');
  console.log(answers.join());
}

main();

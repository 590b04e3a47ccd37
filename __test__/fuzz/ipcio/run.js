'use strict';
// The fuzz of ipcIO as a program: `node __test__/fuzz/ipcio/run.js`, started by `npm run fuzz`, too.
//
//   --seed N                   the first case (default: from the clock); each further one is the next number
//   --minutes N, --cases N     for so long (default 1), or so many
//
// Exits with 1, and says the seed, if something was thrown. FERRIPC_DRIVER chooses the driver.

const { play } = require('./play');
const { spanOf } = require('../span');
const { optionsOf } = require('../../../scripts/usage');

async function main() {
  const options = Object.fromEntries(
    ['seed', 'minutes', 'cases'].map((name) => [name, { type: 'string' }]),
  );
  const { values } = optionsOf(__filename, { options });
  const { first, until, counts } = spanOf(__filename, values, 'cases');
  const [most] = counts;
  let cases = 0;
  process.on('uncaughtException', (error) => {
    console.error(`seed ${first + cases}:`, error);
    process.exit(1);
  });
  process.removeAllListeners('warning'); // of long messages
  for (; Date.now() < until && cases < most; cases++) await play(first + cases);
  const driver = process.env.FERRIPC_DRIVER || 'loop';
  console.log(JSON.stringify({ fuzz: 'ipcio', driver, first, cases, wrong: 0 }));
}

main();

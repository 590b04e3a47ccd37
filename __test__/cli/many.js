'use strict';
// Many command lines in one process, for words.test.js: prints what each of them ends with. Argument: an array of them.

const { main } = require('../../src/js/cli');

async function run(words) {
  const printed = { stdout: '', stderr: '' };
  const write = {};
  for (const name of ['stdout', 'stderr']) {
    write[name] = process[name].write;
    process[name].setMaxListeners(0);
    process[name].write = (text) => {
      printed[name] += text;
      return true;
    };
  }
  process.exitCode = undefined;
  await main(words);
  for (const name of ['stdout', 'stderr']) process[name].write = write[name];
  return { code: process.exitCode, ...printed };
}

async function all(lines) {
  const results = [];
  for (const words of lines) results.push(await run(words));
  process.exitCode = 0;
  process.stdout.write(`${JSON.stringify(results)}\n`);
}

all(JSON.parse(process.argv[2]));

'use strict';
// Runs the conformance checks in this process, on whichever runtime it is, and reports by JSON lines:
// {runtime, version, driver}, {start: name} and {name, status, reason} for each check, {done: true}.
// Then it has to end by itself. Started by report.js. Arguments: [skip, filter]: how many checks to
// leave out at the beginning, after a crash, and text that names must contain.

const { checks, runCheck } = require('./harness');
const { driver } = require('../../src/js/engine/engine');

require('./checks/messages');
require('./checks/connections');
require('./checks/sockets');
require('./checks/processes');
require('./checks/peers');
require('./checks/udp');
require('./checks/tls');
require('./checks/cluster');
require('./checks/ipcio');
require('./checks/pixivutil2');
require('./checks/ipc2');
require('./checks/queues');
require('./checks/command');

const say = (value) => console.log(JSON.stringify(value));
const [skip = 0, filter = ''] = JSON.parse(process.argv[2] ?? '[]');

async function main() {
  const { bun, deno, node } = process.versions;
  const runtime = bun ? 'Bun' : deno ? 'Deno' : 'Node';
  say({ runtime, version: bun ?? deno ?? node, driver: driver() });
  for (const check of checks.filter(({ name }) => name.includes(filter)).slice(skip)) {
    say({ start: check.name });
    say({ name: check.name, ...(await runCheck(check)) });
  }
  say({ done: true });
}

main();

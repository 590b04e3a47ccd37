'use strict';
// node examples/scale
// Two servers that are one, with a client each: what alice says to the one, bob hears from the other. Between them is a
// NATS server, which this starts: `nats-server` has to be installed.

const { spawn } = require('node:child_process');
const run = require('../lib/run');
const tool = require('../lib/tool');

tool('@nats-io/transport-node', '@nats-io/transport-node');

const nats = spawn(
  'nats-server',
  ['--addr', '127.0.0.1', '--port', process.env.EXAMPLE_PORT ?? '4222'],
  {
    stdio: 'ignore',
  },
);
nats.once('error', () => console.log('This example needs nats-server, which is not installed.'));
nats.once('spawn', async () => {
  await run(
    __dirname,
    ['server', 'north'],
    ['server', 'south'],
    ['client', 'alice', 'north'],
    ['client', 'bob', 'south'],
  );
  nats.kill();
});

'use strict';

// How soon a program that begins can talk: from the start of its process until its first message has reached a server and is
// back. Loading the package is part of that, and so is what it loads with its first client. See index.js for the
// interface; loaded from there.

const { execFile } = require('child_process');
const path = require('path');
const { promisify } = require('util');
const { median } = require('../lib/stats.js');
const { echoServer } = require('../lib/throughput.js');

const PROCESS = path.join(__dirname, '..', 'lib', 'first-message-process.js');

async function client(ctx) {
  const run = promisify(execFile);
  const args = [PROCESS, ctx.peerName, JSON.stringify({ ...ctx.place, channel: undefined })];
  const results = [];
  // One more, and the first is left out: it may have had to read the files from the disk.
  for (let i = 0; i <= ctx.count; i++) {
    const { stdout } = await run(process.execPath, args);
    results.push(JSON.parse(stdout));
  }
  const { received } = await ctx.report();
  ctx.check(received === ctx.count + 1, `the server received ${received} messages`);
  const [, ...counted] = results;
  return {
    time: median(counted.map(({ time }) => time)),
    own: median(counted.map(({ own }) => own)),
  };
}

const lower = { unit: 'ms', better: 'lower', target: 1 };

module.exports = {
  name: 'start',
  title: 'Start of a process to its first answer',
  use: 'many',
  connections: 0,
  metrics: [
    { key: 'time', title: 'time', ...lower },
    { key: 'own', title: "without Node's own start", ...lower },
  ],
  modes: ['free'],
  count: 8,
  quickCount: 3,
  timeLimitMs: 60000,
  server: echoServer,
  client,
};

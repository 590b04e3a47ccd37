'use strict';

// What a message costs as the clients become more: all of them are active at once, each with one message in flight, and
// they live in four processes (one, if there is one client). See index.js for the interface; loaded from there.
//
// The server is what grows, so its processor time and memory are reported, besides what the clients see.

const { fork } = require('child_process');
const nodePath = require('path');
const { median, quantile } = require('../lib/stats.js');
const { echoServer } = require('../lib/throughput.js');

const PROCESSES = 4;
const PROCESS_FILE = nodePath.join(__dirname, '..', 'lib', 'clients-process.js');

/** Messages of the warm-up, and of each client at least. */
const WARM_UP = 8000;
const LEAST_ROUNDS = 3;

/** The clients of one sample. */
class Crowd {
  constructor(ctx, size) {
    const processes = Math.min(PROCESSES, size);
    this.children = Array.from({ length: processes }, (_, i) => {
      const clients = Math.floor((size + i) / processes);
      const args = [ctx.peerName, JSON.stringify({ ...ctx.place, channel: undefined }), clients];
      const child = fork(PROCESS_FILE, args, { serialization: 'advanced' });
      child.on('exit', (code) => code && ctx.fail(new Error(`clients ended with code ${code}`)));
      return child;
    });
  }

  /** What each of them answers next. */
  answers() {
    return Promise.all(
      this.children.map((child) => new Promise((resolve) => child.once('message', resolve))),
    );
  }

  async echoes(rounds) {
    const answers = this.answers();
    for (const child of this.children) child.send({ rounds });
    return (await answers).flatMap(({ times }) => times);
  }

  close() {
    for (const child of this.children) child.disconnect();
  }
}

async function run(ctx, size) {
  const before = await ctx.report();
  const crowd = new Crowd(ctx, size);
  try {
    const connected = (await crowd.answers()).map((answer) => answer.connected);
    const warmUp = Math.max(1, Math.ceil(WARM_UP / size));
    await crowd.echoes(warmUp);
    const { rssKb } = await ctx.report();
    const rounds = Math.max(LEAST_ROUNDS, Math.ceil(ctx.count / size));
    let times;
    const used = await ctx.measure(async () => {
      times = await crowd.echoes(rounds);
    });
    const { received } = await ctx.report();
    const expected = (1 + warmUp + rounds) * size;
    ctx.check(received === expected, `the server received ${received} messages, not ${expected}`);
    const messages = rounds * size;
    return {
      rate: messages / used.elapsedMs,
      p50: median(times),
      p99: quantile(times, 0.99),
      serverCpu: used.serverCpuUs / messages,
      memory: (rssKb - before.rssKb) / size,
      connects: size / Math.max(...connected),
    };
  } finally {
    crowd.close();
  }
}

module.exports = [1, 10, 100, 1000, 5000].map((size) => ({
  name: `clients-${size}`,
  title: `${size === 1 ? 'One client' : `${size.toLocaleString('en')} clients at once`}, 1 in flight each, 100 B`,
  use: 'many',
  group: 'growth',
  connections: 0,
  metrics: [
    { key: 'rate', title: 'throughput', unit: 'k msg/s', better: 'higher', target: 1 },
    { key: 'serverCpu', title: 'server CPU per message', unit: 'µs', better: 'lower', target: 1 },
    { key: 'p50', title: 'p50', unit: 'µs', better: 'lower' },
    { key: 'p99', title: 'p99', unit: 'µs', better: 'lower' },
    ...(size < 100
      ? []
      : [
          { key: 'memory', title: 'server memory per client', unit: 'kB', better: 'lower' },
          { key: 'connects', title: 'connections', unit: 'k/s', better: 'higher' },
        ]),
  ],
  modes: ['free'],
  count: 40000,
  quickCount: 15000,
  timeLimitMs: 120000,
  server: echoServer,
  client: (ctx) => run(ctx, size),
}));

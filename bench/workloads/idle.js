'use strict';

// Many connections that have nothing to say: what each of them costs the server in memory, and how long
// it takes until the server has got to know them all. See index.js for the interface; loaded from there.
//
// Each connection says hello once and is answered, because that is how all peers can be asked whether
// the server's program has heard of a connection. No more than IN_FLIGHT of them are on their way at a time:
// a system refuses connections over a listener's backlog. Memory is what the process has from the system
// (`rss`), and what V8 knows to be in use (`heap`), after a garbage collection; the warm-up has loaded the
// code that accepts connections, and stays connected, so the difference is that of the connections.
//
// The system must allow 3,000 open files (`ulimit -n`).

const v8 = require('v8');
const vm = require('vm');

const IN_FLIGHT = 64;
const WARM_UP = 200;

function collectGarbage() {
  v8.setFlagsFromString('--expose-gc');
  const gc = vm.runInNewContext('gc');
  gc();
  gc();
}

function server({ send }) {
  let known = 0;
  return {
    onMessage(conn, data) {
      known++;
      send(conn, { hello: data.hello });
    },
    report() {
      collectGarbage();
      const { heapUsed, external } = process.memoryUsage();
      return { known, heapKb: (heapUsed + external) / 1024 };
    },
  };
}

/** Connects `count` times. Resolves with the connections when the server has answered all. */
async function connectMany(ctx, count) {
  const connections = [];
  let next = 0;

  async function one(hello) {
    let connection;
    await new Promise((resolve, reject) => {
      const answered = (data) =>
        data.hello === hello ? resolve() : ctx.fail(new Error('mixed up'));
      ctx.connect(answered).then((made) => {
        connection = made;
        made.send({ hello });
      }, reject);
    });
    connections.push(connection);
  }

  async function worker() {
    while (next < count) await one(next++);
  }

  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  return connections;
}

async function client(ctx) {
  const { count } = ctx;
  const first = await connectMany(ctx, WARM_UP);
  const before = await ctx.report();
  let connections;
  const { elapsedMs, clientCpuUs, serverCpuUs } = await ctx.measure(async () => {
    connections = await connectMany(ctx, count);
  });
  const after = await ctx.report();
  ctx.check(after.known === WARM_UP + count, `${after.known} connections are known`);
  for (const connection of [...first, ...connections]) connection.close();
  return {
    rss: (after.rssKb - before.rssKb) / count,
    heap: (after.heapKb - before.heapKb) / count,
    elapsed: elapsedMs,
    serverCpu: serverCpuUs / count,
    cpu: clientCpuUs / count,
  };
}

const lower = { better: 'lower' };

module.exports = {
  name: 'idle',
  title: '2,000 idle connections',
  transport: 'unix',
  use: 'many',
  connections: 0,
  metrics: [
    { key: 'rss', title: 'memory of the server per connection', unit: 'KiB', target: 3, ...lower },
    { key: 'elapsed', title: 'until all are accepted', unit: 'ms', target: 1.5, ...lower },
    { key: 'serverCpu', title: 'server CPU per connection', unit: 'µs', ...lower },
    { key: 'cpu', title: 'client CPU per connection', unit: 'µs', ...lower },
  ],
  modes: ['free'],
  count: 2000,
  quickCount: 500,
  timeLimitMs: 60000,
  server,
  client,
};

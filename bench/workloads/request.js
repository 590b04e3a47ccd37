'use strict';

// Questions and answers as promises: the time of one, with one under way, and how many there are in a second with 64
// under way. See index.js for the interface; loaded from there.

const { isMessage, makeMessage, mismatch } = require('../lib/message.js');
const { median, quantile } = require('../lib/stats.js');

const IN_FLIGHT = 64;
const WARM_UP = 3000;

/** A server that answers with the question, and counts. */
function answering() {
  let received = 0;
  return {
    onMessage(_conn, data) {
      received++;
      return data;
    },
    report: () => ({ received }),
  };
}

async function ask(ctx, seq) {
  const data = await ctx.connection.request(makeMessage(seq));
  if (!isMessage(data, seq)) throw mismatch(data, seq);
}

/** `count` questions, each when one of `lanes` others is answered. */
async function inLanes(ctx, count, lanes) {
  let next = 0;
  const lane = async () => {
    while (next < count) {
      await ask(ctx, next++);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

async function client(ctx) {
  const { count } = ctx;
  await inLanes(ctx, WARM_UP, 1);
  await inLanes(ctx, WARM_UP, IN_FLIGHT);
  const times = new Float64Array(count);
  for (let seq = 0; seq < count; seq++) {
    const startedAt = performance.now();
    await ask(ctx, seq);
    times[seq] = (performance.now() - startedAt) * 1000;
  }
  const used = await ctx.measure(() => inLanes(ctx, count, IN_FLIGHT));
  const { received } = await ctx.report();
  ctx.check(received === 2 * (WARM_UP + count), `the server received ${received} requests`);
  return {
    p50: median(times),
    p99: quantile(times, 0.99),
    rate: count / used.elapsedMs,
    cpu: used.clientCpuUs / count,
    serverCpu: used.serverCpuUs / count,
  };
}

module.exports = {
  name: 'request',
  title: 'Request and answer, 100 B',
  use: 'requests',
  metrics: [
    { key: 'p50', title: 'p50, 1 in flight', unit: 'µs', better: 'lower', target: 1 },
    { key: 'rate', title: '64 in flight', unit: 'k requests/s', better: 'higher', target: 1 },
  ],
  modes: ['pinned', 'free'],
  count: 20000,
  quickCount: 5000,
  timeLimitMs: 60000,
  server: answering,
  client,
};

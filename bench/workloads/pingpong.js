'use strict';

// Round trip with one message in flight: the latency of a request and its answer, over a Unix socket,
// and over TCP and UDP on the loopback interface. See index.js for the interface; loaded from there.

const { makeMessage, isMessage, mismatch } = require('../lib/message.js');
const { median, quantile } = require('../lib/stats.js');
const { echoServer } = require('../lib/throughput.js');

const WARM_UP = 3000;

/** The distribution that a sample keeps, for a chart. */
const PERCENTILES = [1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9];

/** `count` round trips, one after the other; fills `times` with the milliseconds of each. */
function roundTrips(ctx, count, times) {
  return ctx.until((done) => {
    let seq = 0;
    let startedAt = 0;
    ctx.onMessage((data) => {
      times[seq] = performance.now() - startedAt;
      if (!isMessage(data, seq)) {
        ctx.fail(mismatch(data, seq));
      } else if (++seq === count) {
        done();
      } else {
        const message = makeMessage(seq);
        startedAt = performance.now();
        ctx.send(message);
      }
    });
    startedAt = performance.now();
    ctx.send(makeMessage(0));
  });
}

async function client(ctx) {
  await roundTrips(ctx, WARM_UP, new Float64Array(WARM_UP));
  const times = new Float64Array(ctx.count);
  const used = await ctx.measure(() => roundTrips(ctx, ctx.count, times));

  const { received } = await ctx.report();
  ctx.check(received === WARM_UP + ctx.count, `the server received ${received} messages`);
  const microseconds = times.map((ms) => ms * 1000);
  return {
    p50: median(microseconds),
    p99: quantile(microseconds, 0.99),
    cpu: used.clientCpuUs / ctx.count,
    serverCpu: used.serverCpuUs / ctx.count,
    percentiles: Object.fromEntries(PERCENTILES.map((p) => [p, quantile(microseconds, p / 100)])),
  };
}

/** `targets` of p50, p99 and CPU. */
function pingpong({ targets: [p50, p99, cpu], ...options }) {
  const best = { unit: 'µs', better: 'lower' };
  return {
    metrics: [
      { key: 'p50', title: 'p50', ...best, target: p50 },
      { key: 'p99', title: 'p99', ...best, target: p99 },
      { key: 'cpu', title: 'client CPU per round trip', ...best, target: cpu },
    ],
    modes: ['pinned', 'free'],
    count: 18000,
    quickCount: 5000,
    timeLimitMs: 60000,
    server: echoServer,
    client,
    ...options,
  };
}

module.exports = [
  pingpong({
    name: 'pingpong',
    title: 'Round trip, 1 in flight, 100 B',
    targets: [1.25, 1, 1.25],
  }),
  pingpong({
    name: 'tcp-pingpong',
    title: 'Round trip over TCP, 100 B',
    transport: 'tcp',
    targets: [1.2],
  }),
  pingpong({
    name: 'udp-pingpong',
    title: 'Round trip over UDP, 100 B',
    transport: 'udp',
    targets: [1],
  }),
];

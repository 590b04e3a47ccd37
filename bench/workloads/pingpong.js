'use strict';

// Round trip with one message in flight: the latency of a request and its answer. See index.js for the
// interface; loaded from there.

const { makeMessage, isMessage, mismatch } = require('../lib/message.js');
const { median, quantile } = require('../lib/stats.js');
const { echoServer } = require('../lib/throughput.js');

const WARM_UP = 3000;

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
  return {
    p50: median(times) * 1000,
    p99: quantile(times, 0.99) * 1000,
    cpu: used.clientCpuUs / ctx.count,
    serverCpu: used.serverCpuUs / ctx.count,
  };
}

module.exports = {
  name: 'pingpong',
  title: 'Round trip, 1 in flight, 100 B',
  metrics: [
    { key: 'p50', title: 'p50', unit: 'µs', better: 'lower' },
    { key: 'p99', title: 'p99', unit: 'µs', better: 'lower' },
    { key: 'cpu', title: 'client CPU per round trip', unit: 'µs', better: 'lower' },
  ],
  modes: ['pinned', 'free'],
  count: 30000,
  quickCount: 5000,
  timeLimitMs: 60000,
  server: echoServer,
  client,
};

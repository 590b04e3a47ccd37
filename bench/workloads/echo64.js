'use strict';

// Round trips per second with 64 messages in flight: a busy request/response connection. See index.js
// for the interface; loaded from there.

const { makeMessage, isMessage, mismatch } = require('../lib/message.js');

const IN_FLIGHT = 64;
const WARM_UP = 20000;

function server({ send }) {
  let received = 0;
  return {
    onMessage(conn, data) {
      received++;
      send(conn, data);
    },
    report: () => ({ received }),
  };
}

/** `count` echoes; each one that comes back sends the next. */
function echoes(ctx, count) {
  return ctx.until((done) => {
    let sent = 0;
    let returned = 0;
    ctx.onMessage((data) => {
      if (!isMessage(data, returned)) {
        ctx.fail(mismatch(data, returned));
        return;
      }
      returned++;
      if (sent < count) {
        ctx.send(makeMessage(sent++));
      } else if (returned === count) {
        done();
      }
    });
    while (sent < IN_FLIGHT) {
      ctx.send(makeMessage(sent++));
    }
  });
}

async function client(ctx) {
  await echoes(ctx, WARM_UP);
  const used = await ctx.measure(() => echoes(ctx, ctx.count));

  const { received } = await ctx.report();
  ctx.check(received === WARM_UP + ctx.count, `the server received ${received} messages`);
  return {
    rate: ctx.count / used.elapsedMs,
    cpu: used.clientCpuUs / ctx.count,
    serverCpu: used.serverCpuUs / ctx.count,
  };
}

module.exports = {
  name: 'echo64',
  title: 'Echo, 64 in flight, 100 B',
  metrics: [{ key: 'rate', title: 'throughput', unit: 'k msg/s', better: 'higher' }],
  modes: ['free'],
  count: 150000,
  quickCount: 40000,
  timeLimitMs: 60000,
  server,
  client,
};

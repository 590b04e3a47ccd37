'use strict';

// Round trips per second with 64 messages in flight: a busy request/response connection. See index.js
// for the interface; loaded from there.

const { makeMessage, isMessage, mismatch } = require('../lib/message.js');
const { echoServer, measureRate } = require('../lib/throughput.js');

const IN_FLIGHT = 64;
const WARM_UP = 10000;

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

module.exports = {
  name: 'echo64',
  title: 'Echo, 64 in flight, 100 B',
  metrics: [{ key: 'rate', title: 'throughput', unit: 'k msg/s', better: 'higher', target: 2 }],
  modes: ['free'],
  count: 100000,
  quickCount: 25000,
  timeLimitMs: 60000,
  server: echoServer,
  client: (ctx) => measureRate(ctx, echoes, WARM_UP),
};

'use strict';

// Messages per second in one direction. See index.js for the interface; loaded from there.
//
// The producer sends a slice, lets the event loop turn, sends the next one: as a program does that has
// other work too. None of the peers tells a producer to wait, and one that runs ahead of its consumer
// would measure how fast it fills its own memory; so the consumer reports its progress now and then and
// the producer stays within a window of it. The window is wide enough that it never starves the consumer.

const { makeMessage, isMessage, mismatch } = require('../lib/message.js');
const { measureRate } = require('../lib/throughput.js');

const SLICE = 128;
const PROGRESS_EVERY = 8192;
const WINDOW = 4 * PROGRESS_EVERY;
const WARM_UP = 30000;

function server({ send, fail }) {
  let total = 0;
  let next = 0;
  let received = 0;
  return {
    onMessage(conn, data) {
      if (data.total !== undefined) {
        total = data.total;
        next = 0;
        return;
      }
      if (!isMessage(data, next)) {
        fail(mismatch(data, next));
        return;
      }
      next++;
      received++;
      if (next === total || next % PROGRESS_EVERY === 0) {
        send(conn, { received: next });
      }
    },
    report: () => ({ received }),
  };
}

/** Sends `count` messages; over when the server has acknowledged the last one. */
function stream(ctx, count) {
  return ctx.until((done) => {
    let sent = 0;
    let acknowledged = 0;
    let waiting = false;

    function slice() {
      const end = Math.min(count, sent + SLICE, acknowledged + WINDOW);
      while (sent < end) {
        ctx.send(makeMessage(sent));
        sent++;
      }
      if (sent === acknowledged + WINDOW) {
        waiting = true;
      } else if (sent < count) {
        setImmediate(slice);
      }
    }

    ctx.onMessage((data) => {
      acknowledged = data.received;
      if (acknowledged === count) {
        done();
      } else if (waiting) {
        waiting = false;
        setImmediate(slice);
      }
    });
    ctx.send({ total: count });
    slice();
  });
}

module.exports = {
  name: 'oneway',
  title: 'One way, 100 B',
  metrics: [{ key: 'rate', title: 'throughput', unit: 'k msg/s', better: 'higher' }],
  modes: ['free'],
  count: 400000,
  quickCount: 150000,
  timeLimitMs: 60000,
  server,
  client: (ctx) => measureRate(ctx, stream, WARM_UP),
};

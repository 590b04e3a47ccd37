'use strict';

// One way with 1,000 types of messages, and with 100 listeners for each message: what finding and calling them costs. See
// index.js for the interface; loaded from there.

const { isMessage, makeMessage, mismatch } = require('../lib/message.js');
const { measureRate } = require('../lib/throughput.js');

const SLICE = 128;
const WINDOW = 16384;
const PROGRESS_EVERY = 4096;
const WARM_UP = 20000;

function makeServer({ send, fail }) {
  let received = 0;
  return {
    onMessage(conn, data) {
      if (!isMessage(data, data.seq)) fail(mismatch(data, received));
      if (++received % PROGRESS_EVERY === 0 || data.seq === 0) send(conn, { received });
    },
    report: () => ({ received }),
  };
}

/** Sends `count` messages, whose numbers go down to 0; over when the server has told of the last one. */
function stream(ctx, count, before) {
  return ctx.until((done) => {
    let sent = 0;
    let arrived = 0;
    let waiting = false;
    function sendSlice() {
      const end = Math.min(count, sent + SLICE, arrived + WINDOW);
      for (; sent < end; sent++) ctx.send(makeMessage(count - sent - 1));
      waiting = sent === arrived + WINDOW;
      if (!waiting && sent < count) setImmediate(sendSlice);
    }
    ctx.onMessage(({ received }) => {
      arrived = received - before;
      if (arrived === count) done();
      else if (waiting) setImmediate(sendSlice);
    });
    sendSlice();
  });
}

function client(ctx) {
  let before = 0;
  const run = async (_, count) => {
    await stream(ctx, count, before);
    before += count;
  };
  return measureRate(ctx, run, WARM_UP);
}

const variety = (name, title, use) => ({
  name,
  title,
  use,
  group: 'growth',
  metrics: [{ key: 'rate', title: 'throughput', unit: 'k msg/s', better: 'higher', target: 1 }],
  modes: ['free'],
  count: 200000,
  quickCount: 60000,
  timeLimitMs: 60000,
  server: makeServer,
  client,
});

module.exports = [
  variety('types-1000', 'One way, 1,000 types, 100 B', 'types'),
  variety('listeners-100', 'One way, 100 listeners, 100 B', 'listeners'),
];

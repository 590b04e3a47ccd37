'use strict';

// Messages per second in one direction, over every transport; and with 1,000 types, or 100 listeners for each message,
// which have to be found and called. See index.js for the interface; loaded from there.
//
// The producer sends a slice, lets the event loop turn, sends the next one: as a program does that has
// other work too. Not all of the peers tell a producer to wait, and one that runs ahead of its consumer
// would measure how fast it fills its own memory; so the consumer reports its progress now and then and
// the producer stays within a window of it. The window is wide enough that it never starves the consumer;
// with UDP it is narrow enough that all of it fits into the socket's buffer, and nothing is lost.

const { longMessages, shortMessages } = require('../lib/message.js');
const { measureRate } = require('../lib/throughput.js');

/** How a stream of each kind of message is paced, in messages. */
const SHORT = { messages: shortMessages, slice: 128, progressEvery: 8192, window: 32768 };
const LONG = { messages: longMessages, slice: 4, progressEvery: 8, window: 32 };
const DATAGRAMS = { messages: shortMessages, slice: 128, progressEvery: 32, window: 128 };

function makeServer({ send, fail }, { messages, progressEvery }) {
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
      if (!messages.is(data, next)) {
        fail(messages.mismatch(data, next));
        return;
      }
      next++;
      received++;
      if (next === total || next % progressEvery === 0) {
        send(conn, { received: next });
      }
    },
    report: () => ({ received }),
  };
}

/** Sends `count` messages; over when the server has acknowledged the last one. */
function stream(ctx, count, { messages, slice, window }) {
  return ctx.until((done) => {
    let sent = 0;
    let acknowledged = 0;
    let waiting = false;

    function sendSlice() {
      const end = Math.min(count, sent + slice, acknowledged + window);
      while (sent < end) {
        ctx.send(messages.make(sent));
        sent++;
      }
      if (sent === acknowledged + window) {
        waiting = true;
      } else if (sent < count) {
        setImmediate(sendSlice);
      }
    }

    ctx.onMessage((data) => {
      acknowledged = data.received;
      if (acknowledged === count) {
        done();
      } else if (waiting) {
        waiting = false;
        setImmediate(sendSlice);
      }
    });
    ctx.send({ total: count });
    sendSlice();
  });
}

function oneway({ pace, warmUp, target, metrics = [], ...options }) {
  return {
    metrics: [
      { key: 'rate', title: 'throughput', unit: 'k msg/s', better: 'higher', target },
      ...metrics,
    ],
    modes: ['free'],
    timeLimitMs: 60000,
    server: (api) => makeServer(api, pace),
    client: (ctx) => measureRate(ctx, (_, count) => stream(ctx, count, pace), warmUp),
    ...options,
  };
}

module.exports = [
  oneway({
    name: 'oneway',
    title: 'One way, 100 B',
    metrics: [
      { key: 'rssMb', title: 'memory of both, after', unit: 'MB', better: 'lower', target: 1 },
    ],
    pace: SHORT,
    warmUp: 30000,
    count: 400000,
    quickCount: 100000,
    target: 2.5,
  }),
  oneway({
    name: 'types-1000',
    title: 'One way, 1,000 types, 100 B',
    use: 'types',
    group: 'growth',
    pace: SHORT,
    warmUp: 30000,
    count: 200000,
    quickCount: 60000,
    target: 1,
  }),
  oneway({
    name: 'listeners-100',
    title: 'One way, 100 listeners, 100 B',
    use: 'listeners',
    group: 'growth',
    pace: SHORT,
    warmUp: 30000,
    count: 200000,
    quickCount: 60000,
    target: 1,
  }),
  oneway({
    name: 'tcp-oneway',
    title: 'One way over TCP, 100 B',
    transport: 'tcp',
    pace: SHORT,
    warmUp: 30000,
    count: 300000,
    quickCount: 100000,
    target: 2.5,
  }),
  oneway({
    name: 'tls-oneway',
    title: 'One way over TLS, 100 B',
    transport: 'tls',
    pace: SHORT,
    warmUp: 30000,
    count: 300000,
    quickCount: 100000,
    target: 2,
  }),
  oneway({
    name: 'tls-oneway-64k',
    title: 'One way over TLS, 64 kB',
    transport: 'tls',
    pace: LONG,
    warmUp: 200,
    count: 2000,
    quickCount: 800,
    target: 1.2,
  }),
  oneway({
    name: 'udp-oneway',
    title: 'One way over UDP, 100 B',
    transport: 'udp',
    // A datagram that is lost after all ends the sample here.
    timeLimitMs: 20000,
    pace: DATAGRAMS,
    warmUp: 10000,
    count: 60000,
    quickCount: 20000,
    target: 2,
  }),
];

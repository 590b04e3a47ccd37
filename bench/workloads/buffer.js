'use strict';

// One Buffer as a message, one way, until the receiver's acknowledgement is back: values as they are, by
// config.serialization 'advanced' and by fork's option of that name. See index.js for the interface; loaded from
// there.

const { createHash } = require('crypto');
const { median } = require('../lib/stats.js');

const MB = 1024 * 1024;
const WARM_UP = 3;

/** `length` bytes without a period that a chunk size could fall in step with. */
function makeBuffer(length) {
  const bytes = Buffer.allocUnsafeSlow(length);
  let state = 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');

function server({ send, fail }) {
  let last;
  return {
    onMessage(conn, { bytes }) {
      if (!Buffer.isBuffer(bytes)) {
        fail(new Error('what has arrived is no Buffer'));
      }
      last = bytes;
      send(conn, { length: bytes.length });
    },
    report: () => ({ hash: hash(last) }),
  };
}

async function transfer(ctx, bytes) {
  let length;
  const used = await ctx.measure(() =>
    ctx.until((done) => {
      ctx.onMessage((data) => {
        length = data.length;
        done();
      });
      ctx.send({ bytes });
    }),
  );
  ctx.check(length === bytes.length, `the server received ${length} bytes`);
  return used;
}

async function client(ctx, length) {
  const short = makeBuffer(MB);
  for (let i = 0; i < WARM_UP; i++) {
    await transfer(ctx, short);
  }
  const bytes = makeBuffer(length);
  const times = [];
  let cpu = 0;
  let serverCpu = 0;
  for (let i = 0; i < ctx.count; i++) {
    const used = await transfer(ctx, bytes);
    times.push(used.elapsedMs);
    cpu += used.clientCpuUs;
    serverCpu += used.serverCpuUs;
  }
  const seen = await ctx.report();
  ctx.check(seen.hash === hash(bytes), 'the server received other bytes');
  return { time: median(times), cpu: cpu / ctx.count, serverCpu: serverCpu / ctx.count };
}

const bufferWorkload = (megabytes, count, quickCount) => ({
  name: `buffer-${megabytes}m`,
  title: `One Buffer of ${megabytes} MB`,
  metrics: [{ key: 'time', title: 'time', unit: 'ms', better: 'lower', target: 2 }],
  use: 'values',
  large: true,
  modes: ['free'],
  count,
  quickCount,
  server,
  client: (ctx) => client(ctx, megabytes * MB),
  timeLimitMs: 60000,
});

module.exports = [
  bufferWorkload(1, 80, 15),
  bufferWorkload(8, 20, 5),
  bufferWorkload(32, 10, 3),
  bufferWorkload(128, 3, 1),
];

'use strict';

// One long string, one way, until the receiver's acknowledgement is back: what a byte costs when a
// message comes in hundreds of chunks. See index.js for the interface; loaded from there.

const { createHash } = require('crypto');
const { median } = require('../lib/stats.js');

const MB = 1024 * 1024;
const WARM_UP = 3;
const ALPHABET = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .';

/** `length` characters without a period that a chunk size could fall in step with. */
function makeString(length) {
  const bytes = Buffer.allocUnsafe(length);
  let state = 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = ALPHABET.charCodeAt(state >>> 26);
  }
  return bytes.toString('latin1');
}

function hash(string) {
  return createHash('sha256').update(string).digest('hex');
}

function server({ send }) {
  let last;
  return {
    onMessage(conn, data) {
      last = data;
      send(conn, { length: data.length });
    },
    report: () => ({ hash: hash(last) }),
  };
}

async function transfer(ctx, string) {
  let length;
  const used = await ctx.measure(() =>
    ctx.until((done) => {
      ctx.onMessage((data) => {
        length = data.length;
        done();
      });
      ctx.send(string);
    }),
  );
  ctx.check(length === string.length, `the server received ${length} characters`);
  return used;
}

async function client(ctx, length) {
  const short = makeString(MB);
  for (let i = 0; i < WARM_UP; i++) {
    await transfer(ctx, short);
  }
  const string = makeString(length);
  const times = [];
  let cpu = 0;
  let serverCpu = 0;
  for (let i = 0; i < ctx.count; i++) {
    const used = await transfer(ctx, string);
    times.push(used.elapsedMs);
    cpu += used.clientCpuUs;
    serverCpu += used.serverCpuUs;
  }
  const seen = await ctx.report();
  ctx.check(seen.hash === hash(string), 'the server received a changed string');
  return { time: median(times), cpu: cpu / ctx.count, serverCpu: serverCpu / ctx.count };
}

/** Both copy and search all that they have with every chunk: four times the length, 16 times the time. */
const QUADRATIC = {
  rounds: 1,
  quickRounds: 0,
  why: 'time grows with the square of the length: 1 sample in a full run, none with --quick',
};

function stringWorkload(megabytes, { target, ...options }) {
  return {
    name: `string-${megabytes}m`,
    title: `One string of ${megabytes} MB`,
    metrics: [{ key: 'time', title: 'time', unit: 'ms', better: 'lower', target }],
    large: true,
    modes: ['free'],
    count: 1,
    quickCount: 1,
    server,
    client: (ctx) => client(ctx, megabytes * MB),
    ...options,
  };
}

module.exports = [
  stringWorkload(1, { target: 2, count: 80, quickCount: 15, timeLimitMs: 60000 }),
  stringWorkload(32, {
    target: 10,
    timeLimitMs: 120000,
    limits: {
      achrinza: { rounds: Infinity, quickRounds: 1, why: '1 sample with --quick' },
      'node-ipc-14': { rounds: Infinity, quickRounds: 1, why: '1 sample with --quick' },
    },
  }),
  stringWorkload(128, {
    target: 30,
    timeLimitMs: 300000,
    limits: { achrinza: QUADRATIC, 'node-ipc-14': QUADRATIC, 'net-plain': QUADRATIC },
  }),
];

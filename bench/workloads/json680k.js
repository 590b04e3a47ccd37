'use strict';

// Echo of one JSON object of 680 kB: stringify, send, parse, and all of it back. See index.js for the
// interface; loaded from there.
//
// The same sample does the four steps of JSON without a transport, in the client process: what no way
// of moving JSON can be faster than.

const { createHash } = require('crypto');
const { median } = require('../lib/stats.js');

const RECORDS = 4000;
const WARM_UP = 5;

/**
 * Records of mixed fields, as an API answers them; the same object in every run. It is parsed: the strings of a template
 * are made of parts at first, V8 stringifies those at half the speed, and when they become whole depends on what else
 * a peer gives the garbage collector to do.
 */
function makeObject() {
  const records = [];
  for (let i = 0; i < RECORDS; i++) {
    records.push({
      id: i,
      name: `item number ${i}`,
      price: ((i * 7919) % 100000) / 100,
      tags: ['alpha', 'beta', `group-${i % 17}`],
      active: i % 3 === 0,
      owner: { login: `user${i % 251}`, mail: `user${i % 251}@example.org` },
      note: i % 5 === 0 ? null : `wörd ${i}`,
    });
  }
  return JSON.parse(JSON.stringify({ records, total: RECORDS }));
}

function hash(json) {
  return createHash('sha256').update(json).digest('hex');
}

function server({ send }) {
  let last;
  let received = 0;
  return {
    onMessage(conn, data) {
      received++;
      last = data;
      send(conn, data);
    },
    report: () => ({ received, hash: hash(JSON.stringify(last)) }),
  };
}

/** Milliseconds of stringify, parse, stringify, parse: the median of `count`. */
function withoutTransport(object, count) {
  const times = [];
  for (let i = 0; i < count; i++) {
    const startedAt = performance.now();
    JSON.parse(JSON.stringify(JSON.parse(JSON.stringify(object))));
    times.push(performance.now() - startedAt);
  }
  return median(times);
}

async function client(ctx) {
  const object = makeObject();
  const json = JSON.stringify(object);
  const times = [];

  async function echo() {
    let answer;
    const used = await ctx.measure(() =>
      ctx.until((done) => {
        ctx.onMessage((data) => {
          answer = data;
          done();
        });
        ctx.send(object);
      }),
    );
    ctx.check(JSON.stringify(answer) === json, 'the object came back changed');
    return used;
  }

  for (let i = 0; i < WARM_UP; i++) {
    await echo();
  }
  let cpu = 0;
  let serverCpu = 0;
  for (let i = 0; i < ctx.count; i++) {
    const used = await echo();
    times.push(used.elapsedMs);
    cpu += used.clientCpuUs;
    serverCpu += used.serverCpuUs;
  }

  const seen = await ctx.report();
  ctx.check(seen.received === WARM_UP + ctx.count, `the server received ${seen.received} objects`);
  ctx.check(seen.hash === hash(json), 'the server received a changed object');
  return {
    time: median(times),
    reference: withoutTransport(object, ctx.count),
    cpu: cpu / ctx.count,
    serverCpu: serverCpu / ctx.count,
  };
}

module.exports = {
  name: 'json680k',
  title: 'Echo of a 680 kB object',
  metrics: [
    {
      key: 'time',
      title: 'time',
      unit: 'ms',
      better: 'lower',
      target: 1.25,
      over: ['node-ipc-14', 'net'],
    },
  ],
  reference: { key: 'reference', of: 'time', title: 'the JSON work of it without a transport' },
  large: true,
  modes: ['free'],
  count: 20,
  quickCount: 8,
  timeLimitMs: 60000,
  server,
  client,
};

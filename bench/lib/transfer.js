'use strict';

// What workloads share that send one large message at a time, one way, until the receiver's acknowledgement is back.
// Used by string.js and buffer.js; its noise by raw.js, too.

const { createHash } = require('crypto');
const { median } = require('./stats.js');

const MB = 1024 * 1024;
const WARM_UP = 3;

/** `length` bytes without a period that a chunk size could fall in step with: `byteOf` makes each of 32 bits. */
function noise(length, byteOf) {
  const bytes = Buffer.allocUnsafeSlow(length);
  let state = 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = byteOf(state);
  }
  return bytes;
}

const hash = (content) => createHash('sha256').update(content).digest('hex');

/** A server that acknowledges each message with its length; `contentOf` is its string or bytes. */
function acknowledgingServer({ send }, contentOf) {
  let last;
  return {
    onMessage(conn, message) {
      last = contentOf(message);
      send(conn, { length: last.length });
    },
    report: () => ({ hash: hash(last) }),
  };
}

/** Sends one message. */
async function transfer(ctx, content, { messageOf, unit }) {
  let length;
  const used = await ctx.measure(() =>
    ctx.until((done) => {
      ctx.onMessage((data) => {
        length = data.length;
        done();
      });
      ctx.send(messageOf(content));
    }),
  );
  ctx.check(length === content.length, `the server received ${length} ${unit}`);
  return used;
}

/**
 * The median time of `ctx.count` messages of so many bytes. `kind`: `make(length)` makes the content, `messageOf(content)`
 * what is sent, `unit` is what its length counts, `changed` what is said if the server has received something else.
 */
async function measureTransfers(ctx, length, kind) {
  const short = kind.make(MB);
  for (let i = 0; i < WARM_UP; i++) {
    await transfer(ctx, short, kind);
  }
  const content = kind.make(length);
  const times = [];
  let cpu = 0;
  let serverCpu = 0;
  for (let i = 0; i < ctx.count; i++) {
    const used = await transfer(ctx, content, kind);
    times.push(used.elapsedMs);
    cpu += used.clientCpuUs;
    serverCpu += used.serverCpuUs;
  }
  const seen = await ctx.report();
  ctx.check(seen.hash === hash(content), kind.changed);
  return { time: median(times), cpu: cpu / ctx.count, serverCpu: serverCpu / ctx.count };
}

module.exports = { MB, acknowledgingServer, measureTransfers, noise };

'use strict';

// Raw bytes in one direction, as buffers of 64 kB, written as fast as the peer takes them: the sender
// stops when it is told to and goes on after `drain`. See index.js for the interface; loaded from there.
//
// The stream is one block of random bytes over and over. The receiver compares all of it with the block,
// at the speed of memory, and answers one byte for every so many buffers.

const { noise } = require('../lib/transfer.js');

const SIZE = 64 * 1024;
const ANSWER_EVERY = 64;
const ANSWER = Buffer.from('+');
const WARM_UP = 32 * ANSWER_EVERY;

/** The block twice, so that `SIZE` bytes from any position in the stream are in one piece. */
function makePattern() {
  const block = noise(SIZE, (state) => state >>> 24);
  return Buffer.concat([block, block]);
}

function server({ send, fail }) {
  const pattern = makePattern();
  let received = 0;
  let answered = 0;

  function check(chunk) {
    for (let start = 0; start < chunk.length; start += SIZE) {
      const end = Math.min(chunk.length, start + SIZE);
      const at = (received + start) % SIZE;
      if (chunk.compare(pattern, at, at + end - start, start, end) !== 0) {
        fail(new Error(`byte ${received + start} or a later one of a chunk is not what was sent`));
      }
    }
  }

  return {
    onMessage(conn, chunk) {
      check(chunk);
      received += chunk.length;
      for (; received - answered >= ANSWER_EVERY * SIZE; answered += ANSWER_EVERY * SIZE) {
        send(conn, ANSWER);
      }
    },
    report: () => ({ received }),
  };
}

/** Sends `count` buffers, a multiple of ANSWER_EVERY; over when all of them are answered. */
function stream(ctx, count) {
  const block = makePattern().subarray(0, SIZE);
  return ctx.until((done) => {
    let sent = 0;
    let answers = 0;
    function send() {
      while (sent < count) {
        sent++;
        if (!ctx.send(block)) {
          return;
        }
      }
    }
    ctx.onMessage((chunk) => {
      answers += chunk.length;
      if (answers === count / ANSWER_EVERY) {
        done();
      }
    });
    ctx.connection.onDrain(send);
    send();
  });
}

async function client(ctx) {
  const count = Math.ceil(ctx.count / ANSWER_EVERY) * ANSWER_EVERY;
  await stream(ctx, WARM_UP);
  const used = await ctx.measure(() => stream(ctx, count));
  const { received } = await ctx.report();
  ctx.check(received === (WARM_UP + count) * SIZE, `the server received ${received} bytes`);
  return {
    rate: (count * SIZE) / used.elapsedMs / 1e6,
    cpu: used.clientCpuUs / count,
    serverCpu: used.serverCpuUs / count,
  };
}

module.exports = {
  name: 'raw64k',
  title: 'Raw bytes, one way, 64 kB',
  metrics: [
    {
      key: 'rate',
      title: 'throughput',
      unit: 'GB/s',
      better: 'higher',
      target: 1,
      over: ['net'],
    },
  ],
  use: 'raw',
  modes: ['free'],
  count: 12288,
  quickCount: 4096,
  timeLimitMs: 60000,
  server,
  client,
};

'use strict';

// Raw bytes as buffers of one size, one way or both ways at once, written as fast as the peer takes them: a sender
// stops when it is told to and goes on after `drain`. See index.js for the interface; loaded from there.
//
// The stream is one block of random bytes over and over. The receiver compares all of it with the block, at the
// speed of memory. One way, it answers one byte for so many bytes; both ways, it sends back all that it gets.

const { MB, noise } = require('../lib/transfer.js');

const KB = 1024;
const BLOCK = 64 * KB;
const ANSWER_EVERY = 4 * MB;
const ANSWER = Buffer.from('+');
const WARM_UP = 32 * ANSWER_EVERY;

/** Both ways, the sender is ahead of what comes back by this much at most: a server has no `drain`. */
const AHEAD = MB;

/** The block, repeated so that `length` bytes from any position in the stream are in one piece. */
function makePattern(length) {
  const block = noise(BLOCK, (state) => state >>> 24);
  return Buffer.concat(Array(Math.ceil(length / BLOCK) + 1).fill(block));
}

/** Compares what arrives with the stream; counts it. */
function comparer(fail) {
  const pattern = makePattern(BLOCK);
  let received = 0;
  return (chunk) => {
    for (let start = 0; start < chunk.length; start += BLOCK) {
      const end = Math.min(chunk.length, start + BLOCK);
      const at = (received + start) % BLOCK;
      if (chunk.compare(pattern, at, at + end - start, start, end) !== 0) {
        fail(new Error(`byte ${received + start} or a later one of a chunk is not what was sent`));
      }
    }
    received += chunk.length;
    return received;
  };
}

function oneWayServer({ send, fail }) {
  const compare = comparer(fail);
  let received = 0;
  let answered = 0;
  return {
    onMessage(conn, chunk) {
      received = compare(chunk);
      for (; received - answered >= ANSWER_EVERY; answered += ANSWER_EVERY) {
        send(conn, ANSWER);
      }
    },
    report: () => ({ received }),
  };
}

function echoServer({ send, fail }) {
  const compare = comparer(fail);
  let received = 0;
  return {
    onMessage(conn, chunk) {
      received = compare(chunk);
      send(conn, chunk);
    },
    report: () => ({ received }),
  };
}

/** What `ctx.send` gets: the next `size` bytes of the stream, over and over. */
function sender(size) {
  const pattern = makePattern(size);
  let at = 0;
  return () => {
    const bytes = pattern.subarray(at, at + size);
    at = (at + size) % BLOCK;
    return bytes;
  };
}

/** Sends `total` bytes, a multiple of ANSWER_EVERY and of `size`; over when all of them are answered. */
function streamOneWay(ctx, size, next, total) {
  return ctx.until((done) => {
    let sent = 0;
    let answers = 0;
    function send() {
      while (sent < total) {
        sent += size;
        if (!ctx.send(next())) {
          return;
        }
      }
    }
    ctx.onMessage((chunk) => {
      answers += chunk.length;
      if (answers === total / ANSWER_EVERY) {
        done();
      }
    });
    ctx.connection.onDrain(send);
    send();
  });
}

/** Sends `total` bytes and compares what comes back; over when all of it has. */
function streamBothWays(ctx, size, next, total, compare) {
  return ctx.until((done) => {
    let sent = 0;
    let received = 0;
    let free = true;
    function send() {
      while (free && sent < total && sent - received <= AHEAD) {
        sent += size;
        free = ctx.send(next());
      }
    }
    ctx.onMessage((chunk) => {
      compare(chunk);
      received += chunk.length;
      if (received === total) {
        done();
      }
      send();
    });
    ctx.connection.onDrain(() => {
      free = true;
      send();
    });
    send();
  });
}

function rawWorkload({ name, title, size, both, count, quickCount, over }) {
  async function client(ctx) {
    const next = sender(size);
    const compare = comparer(ctx.fail);
    const run = (total) =>
      both ? streamBothWays(ctx, size, next, total, compare) : streamOneWay(ctx, size, next, total);
    const total = Math.ceil((ctx.count * size) / ANSWER_EVERY) * ANSWER_EVERY;
    await run(WARM_UP);
    const used = await ctx.measure(() => run(total));
    const { received } = await ctx.report();
    ctx.check(received === WARM_UP + total, `the server received ${received} bytes`);
    return {
      rate: total / used.elapsedMs / 1e6,
      cpu: used.clientCpuUs / (total / BLOCK),
      serverCpu: used.serverCpuUs / (total / BLOCK),
    };
  }

  return {
    name,
    title: `Raw bytes, ${both ? 'both ways' : 'one way'}, ${title}`,
    metrics: [
      { key: 'rate', title: 'throughput', unit: 'GB/s', better: 'higher', target: 1.1, over },
    ],
    use: 'raw',
    modes: ['free'],
    count,
    quickCount,
    timeLimitMs: 60000,
    server: both ? echoServer : oneWayServer,
    client,
  };
}

const over = ['net', 'node-ipc-14'];

module.exports = [
  { name: 'raw-1k', title: '1 kB', size: KB, count: 131072, quickCount: 65536, over },
  { name: 'raw-16k', title: '16 kB', size: 16 * KB, count: 49152, quickCount: 16384, over },
  { name: 'raw-64k', title: '64 kB', size: BLOCK, count: 12288, quickCount: 4096, over },
  { name: 'raw-1m', title: '1 MB', size: MB, count: 768, quickCount: 256, over },
  {
    name: 'raw-both',
    title: '64 kB',
    size: BLOCK,
    both: true,
    count: 8192,
    quickCount: 2048,
    over,
  },
].map(rawWorkload);

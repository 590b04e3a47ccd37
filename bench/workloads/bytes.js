'use strict';

// One way, from 10 B to 10 MB a message: what a byte costs as messages become longer. See index.js for the interface;
// loaded from there.
//
// The data is an object with a text, so that both sides have JSON to make and to parse. As many messages are under way
// as fit into the window; the server acknowledges when half of that has come.

const { measureRate } = require('../lib/throughput.js');

const WINDOW = 2 ** 20;
const MOST_UNDER_WAY = 128;
/** What is sent in all, for sizes of which that is enough messages, and not too many. */
const BYTES = 2 ** 28;
const [LEAST, MOST] = [24, 100000];

const SENTENCE = 'Nothing in this sentence has to be escaped, and it comes again and again. ';

const underWay = (size) => Math.max(2, Math.min(MOST_UNDER_WAY, Math.floor(WINDOW / size)));

function makeServer({ send, fail }, size) {
  const every = underWay(size) / 2;
  let received = 0;
  return {
    onMessage(conn, { text }) {
      if (text.length !== size) fail(new Error(`${text.length} characters instead of ${size}`));
      if (++received % every === 0) send(conn, { received });
    },
    report: () => ({ received }),
  };
}

/** Sends `count` messages, a multiple of what is acknowledged together; over when all of them are. */
function stream(ctx, count, size) {
  const text = SENTENCE.repeat(Math.ceil(size / SENTENCE.length)).slice(0, size);
  const most = underWay(size);
  return ctx.until((done) => {
    let sent = 0;
    let arrived = 0;
    function send() {
      for (const end = Math.min(count, arrived + most); sent < end; sent++) ctx.send({ text });
    }
    ctx.onMessage(() => {
      arrived += most / 2;
      if (arrived === count) done();
      else send();
    });
    send();
  });
}

async function client(ctx, size, count) {
  const { rate } = await measureRate({ ...ctx, count }, (_, n) => stream(ctx, n, size), count / 4);
  return { rate, perByte: 1e6 / (rate * size) };
}

module.exports = [10, 100, 1e3, 1e4, 1e5, 1e6, 1e7].map((size) => {
  const step = 2 * underWay(size);
  const messages = Math.max(LEAST, Math.min(MOST, BYTES / size));
  const count = Math.ceil(messages / step / 4) * step * 4;
  const shown = size < 1e3 ? `${size} B` : size < 1e6 ? `${size / 1e3} kB` : `${size / 1e6} MB`;
  return {
    name: `bytes-${size}`,
    title: `One way, ${shown} of text`,
    group: 'growth',
    metrics: [
      { key: 'rate', title: 'throughput', unit: 'k msg/s', better: 'higher', target: 1 },
      { key: 'perByte', title: 'time per byte', unit: 'ns', better: 'lower' },
    ],
    modes: ['free'],
    count,
    quickCount: count,
    timeLimitMs: 120000,
    server: (api) => makeServer(api, size),
    client: (ctx) => client(ctx, size, count),
  };
});

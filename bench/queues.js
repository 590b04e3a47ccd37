'use strict';
// `npm run bench:queues`: POSIX message queues (`ferripc/mqueue`) beside a Unix socket of ferripc. On Linux.
//
// What is measured. Two processes of Node exchange messages of 100 bytes. A round trip begins when the last one has
// ended; one way, the receiver has all of them at the end. The queue has the size that Linux allows everybody: 10
// messages.
//
//   npm run bench:queues -- --rounds 5 --no-save
//   --scale N    N times as many messages in a sample
//
// How to read the table. A cell is the median of the samples and, in parentheses, the smallest and the largest. The
// sides take turns. Results go to bench/results/<date>-queues-<machine>-node<major>.json and .md; with options, `-partial`
// is in the name, which git ignores.

const os = require('os');
const path = require('path');
const { open } = require('../mqueue.js');
const { numberOf, optionsOf } = require('../scripts/usage.js');
const { IPC } = require('../index.js');
const { CONFIG, MODES } = require('./queues/settings.js');
const { start } = require('./queues/start.js');
const { commitName, environment } = require('./lib/machine.js');
const { cell, save, table } = require('./lib/record.js');
const { quantile } = require('./lib/stats.js');

const MESSAGE = 'x'.repeat(100);
const TIMES = { roundTrips: 5000, oneWay: 50_000 };

let last = 0;

const now = () => performance.now();

/** Both queues, without names once the other process has them. */
async function queues(mode) {
  const names = ['there', 'back'].map((side) => `/ferripc-bench-${process.pid}-${last}-${side}`);
  last++;
  const [there, back] = names.map((name) => open(name, { create: true, exclusive: true }));
  const peer = await start(['queue', mode, ...names]);
  [there, back].forEach((queue) => queue.unlink());
  return { there, back, peer, end: () => [there, back].forEach((queue) => queue.close()) };
}

/** The ms that each of so many questions took, one after the other. `ask` resolves with the answer. */
async function timesOf({ peer, end }, times, ask) {
  const took = [];
  for (let i = 0; i < times; i++) {
    const started = now();
    await ask();
    took.push(now() - started);
  }
  end();
  peer.end();
  return took;
}

/** Messages per second, until the other process has all of them. */
async function rateOf({ peer, end }, times, sendAll) {
  const done = peer.next();
  peer.child.send(times);
  const started = now();
  await sendAll();
  await done;
  const seconds = (now() - started) / 1e3;
  end();
  peer.end();
  return times / seconds;
}

async function queueRoundTrips(times) {
  const made = await queues(MODES.echo);
  const { there, back } = made;
  return timesOf(made, times, () => {
    there.send(MESSAGE);
    return back.receive();
  });
}

async function queueOneWay(times) {
  const made = await queues(MODES.sink);
  return rateOf(made, times, async () => {
    for (let i = 0; i < times; i++) await made.there.send(MESSAGE);
  });
}

async function socket(mode) {
  const file = path.join(os.tmpdir(), `ferripc-bench-${process.pid}-${last++}`);
  const peer = await start(['socket', mode, file]);
  const ipc = new IPC();
  Object.assign(ipc.config, CONFIG);
  await ipc.connectTo('peer', file);
  return { to: ipc.of.peer, peer, end: () => ipc.disconnect('peer') };
}

async function socketRoundTrips(times) {
  const made = await socket(MODES.echo);
  const { to } = made;
  let answered;
  to.on('m', () => answered());
  return timesOf(made, times, () => {
    const answer = new Promise((resolve) => (answered = resolve));
    to.emit('m', MESSAGE);
    return answer;
  });
}

async function socketOneWay(times) {
  const made = await socket(MODES.sink);
  const { to } = made;
  return rateOf(made, times, async () => {
    for (let i = 0; i < times; i++) {
      if (!to.emit('m', MESSAGE)) await new Promise((resolve) => to.once('drain', resolve));
    }
  });
}

async function takeAll(rounds, scale) {
  const samples = [];
  for (let round = 0; round < rounds; round++) {
    const kinds = [
      ['message queue', queueRoundTrips, queueOneWay],
      ['Unix socket of ferripc', socketRoundTrips, socketOneWay],
    ];
    for (const [side, roundTrips, oneWay] of round % 2 ? kinds.reverse() : kinds) {
      const took = await roundTrips(TIMES.roundTrips * scale);
      const [p50, p99] = [0.5, 0.99].map((q) => quantile(took, q) * 1e3);
      const rate = await oneWay(TIMES.oneWay * scale);
      samples.push({ round, side, p50, p99, rate });
      console.error(`round ${round + 1}  ${side}: ${p50.toFixed(1)} µs, ${rate.toFixed(0)}/s`);
    }
  }
  return samples;
}

function tableOf(samples) {
  const sides = [...new Set(samples.map(({ side }) => side))].sort();
  const rows = sides.map((side) => {
    const own = samples.filter((sample) => sample.side === side);
    return [side, ...['p50', 'p99', 'rate'].map((key) => cell(own, key))];
  });
  const head = ['100 bytes', 'round trip, p50, µs', 'p99, µs', 'one way, messages/s'];
  return table(head, rows);
}

function markdown({ date, environment: where, load, rounds, table: rows }) {
  const { node, cpu, cores, os: system, commit } = where;
  return `# Message queues, ${date.slice(0, 10)}

${cores} cores of ${cpu}, ${system}, Node ${node}; commit ${commitName(commit)}. Medians of ${rounds} samples
(smallest–largest), taken in turns; load average ${load.before.toFixed(1)} before and ${load.after.toFixed(1)} after, of which up to 2 are
the benchmark's own. \`npm run bench:queues\`; bench/queues.js says what is measured.

${rows}
`;
}

async function main() {
  const { values } = optionsOf(__filename, {
    options: {
      rounds: { type: 'string', default: '5' },
      scale: { type: 'string', default: '1' },
      'no-save': { type: 'boolean', default: false },
    },
  });
  const [rounds, scale] = ['rounds', 'scale'].map((it) => numberOf(__filename, values, it));
  const date = new Date().toISOString();
  const before = os.loadavg()[0];
  const samples = await takeAll(rounds, scale);
  const load = { before, after: os.loadavg()[0] };
  const result = { date, environment: environment(), rounds, scale, load, samples };
  result.table = tableOf(samples);
  console.log(result.table);
  const isFull = rounds >= 5 && scale === 1;
  if (!values['no-save']) save('queues', result, markdown(result), isFull);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});

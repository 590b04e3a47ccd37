'use strict';
// `ferripc bench`: round trips to a server that echoes. Used by index.js.

const { colorsFor, columns, json, note, print } = require('./output');
const { Failure, NOBODY, TIMEOUT, UsageError, failureOf } = require('./statuses');
const { Deadline, clientOptions, connect, pause, targetOf, targetOperand } = require('./target');
const { toCount, toSeconds } = require('./words');

const TYPE = 'ferripc.bench';

/** A measurement is repeated, and the median printed: single ones may have been disturbed. */
const ROUNDS = 5;

/** Part of the time that is not counted: the machine warms up. */
const WARM_UP = 0.2;

/** Round trips of one round whose times are kept; of further ones each takes the place of an earlier one. */
const MOST_SAMPLES = 200_000;

const SIZES = [100];

function toSizes(text, name) {
  const sizes = text.split(',').map((part) => toCount(part, name));
  if (sizes.some((size) => size > 2 ** 28)) throw new UsageError(`${name} is at most ${2 ** 28}`);
  return sizes;
}

const percentile = (sorted, part) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];

function middle(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: percentile(sorted, 0.5), lowest: sorted[0], highest: sorted.at(-1) };
}

/** One connection that always has one message in flight, from `start` to `stop`. */
class Pinger {
  #client;
  #text;
  #sentAt = 0;
  #onDone = null;
  #onAnswer;

  constructor(client, text, onAnswer) {
    this.#client = client;
    this.#text = text;
    this.#onAnswer = onAnswer;
    client.on(TYPE, () => {
      this.#onAnswer((performance.now() - this.#sentAt) * 1000);
      if (this.#onDone === null) this.#ping();
      else this.#onDone();
    });
  }

  start() {
    this.#ping();
  }

  #ping() {
    this.#sentAt = performance.now();
    this.#client.emit(TYPE, this.#text);
  }

  /** Fulfilled when the answer to the last message has come. */
  stop() {
    return new Promise((resolve) => (this.#onDone = resolve));
  }

  forget() {
    this.#client.off(TYPE);
  }
}

/** What came in each round: `{rate, trips, times}`; µs. */
async function measure(links, size, seconds, limit) {
  const text = 'x'.repeat(size);
  let times = [];
  let trips = 0;
  const add = (us) => {
    times[trips++ % MOST_SAMPLES] = us;
  };
  const pingers = links.map(({ client }) => new Pinger(client, text, add));
  const rounds = [];
  for (const pinger of pingers) pinger.start();
  await limit(pause(seconds * WARM_UP * 1000));
  for (let i = 0; i < ROUNDS; i++) {
    [times, trips] = [[], 0];
    const begin = performance.now();
    await limit(pause((seconds / ROUNDS) * 1000));
    const took = (performance.now() - begin) / 1000;
    rounds.push({ rate: trips / took, trips, times });
  }
  await limit(Promise.all(pingers.map((pinger) => pinger.stop())));
  for (const pinger of pingers) pinger.forget();
  return rounds.filter((round) => round.times.length > 0);
}

function summary(rounds, size, connections) {
  const sorted = rounds.map(({ times }) => times.sort((a, b) => a - b));
  return {
    size,
    connections,
    rounds: rounds.length,
    roundTrips: rounds.reduce((sum, { trips }) => sum + trips, 0),
    perSecond: middle(rounds.map(({ rate }) => rate)),
    p50: middle(sorted.map((times) => percentile(times, 0.5))),
    p99: middle(sorted.map((times) => percentile(times, 0.99))),
  };
}

const whole = (number) => Math.round(number).toLocaleString('en-US');
const digits = (number) => (number < 100 ? number.toFixed(1) : whole(number));

function show(results) {
  const paint = colorsFor(process.stdout);
  const spread = ({ median, lowest, highest }, form) =>
    `${form(median)} (${form(lowest)}–${form(highest)})`;
  const rows = results.map(({ size, perSecond, p50, p99 }) => [
    `${whole(size)} B`,
    spread(perSecond, whole),
    `${spread(p50, digits)} µs`,
    `${spread(p99, digits)} µs`,
  ]);
  const head = ['DATA', 'ROUND TRIPS/S', 'P50', 'P99'];
  const lines = columns([head, ...rows], (text, _, row) => (row === 0 ? paint.dim(text) : text));
  for (const line of lines) print(line);
}

const { timeout, retry, root, appspace, delimiter, ...tls } = clientOptions;

module.exports = {
  name: 'bench',
  synopsis: ['ferripc bench [options] <target>'],
  description: `Measures how long a message takes to a server and back. The server has to send each message back with the
same type. "ferripc serve --echo --quiet" does that; so can a program of your own.

Each connection has one message in flight, a text of the given length. After a warm-up, the time is divided into
${ROUNDS} rounds. The output shows the median of the rounds, with the lowest and the highest: if these are far apart,
something else was running. Compare the numbers only with those of another run on the same machine.`,
  operands: [targetOperand],
  options: {
    size: {
      value: 'N[,N…]',
      parse: toSizes,
      help: `Characters of the text. Several lengths are measured one after the other. Default: ${SIZES}`,
    },
    seconds: {
      short: 's',
      value: 'N',
      parse: toSeconds,
      help: 'How long to measure each length. Default: 3',
    },
    connections: {
      short: 'c',
      value: 'N',
      parse: toCount,
      help: 'How many connections to open, all from this process. Default: 1',
    },
    json: { help: 'Prints one JSON object per line, for each length. Times are in µs.' },
    timeout: {
      ...timeout,
      help: 'How long to wait for the connections, and then for the first answer, in ms. 0 means forever. Default: 10000',
    },
    retry,
    root,
    appspace,
    delimiter,
    ...tls,
  },
  statuses: [NOBODY, TIMEOUT],
  examples: [
    [
      'ferripc serve x --echo --quiet & ferripc bench x --retry; kill $!',
      'A quick measurement of this machine:',
    ],
    ['ferripc bench x --size 100,10000,1000000', 'Small and large messages:'],
  ],

  async run({ options, operands: [word] }) {
    const target = targetOf(word, options);
    const { size: sizes = SIZES, seconds = 3, connections = 1 } = options;
    const deadline = new Deadline(options.timeout);
    const links = [];
    try {
      for (let i = 0; i < connections; i++) links.push(await connect(target, options, deadline));
      const ended = Promise.race(links.map((link) => link.ended)).then((error) => {
        throw error ?? new Failure(`${target.shown} has ended the connection`);
      });
      ended.catch(() => {});
      const limit = (promise) => Promise.race([promise, ended]);
      await firstAnswer(links[0], target, options, limit);
      const results = [];
      for (const size of sizes) {
        const rounds = await measure(links, size, seconds, limit);
        if (rounds.length === 0) {
          throw new Failure(`no answer within ${seconds} s: use a larger --seconds`, TIMEOUT);
        }
        results.push(summary(rounds, size, connections));
        if (options.json) print(json(results.at(-1)));
      }
      if (options.json) return;
      const loaded = `connections: ${connections}, rounds: ${ROUNDS}, each ${seconds / ROUNDS} s`;
      note(`${target.shown}, ${loaded}`);
      show(results);
    } catch (error) {
      throw failureOf(error, target);
    } finally {
      await Promise.all(links.map((link) => link.close().catch(() => {})));
    }
  },
};

async function firstAnswer({ client }, target, options, limit) {
  const first = new Promise((resolve) => client.once(TYPE, resolve));
  client.emit(TYPE, 'x');
  const hint = `${target.shown} does not echo, as ferripc serve --echo does`;
  // In this order: no timer is left that the command would wait for.
  await new Deadline(options.timeout).limit(limit(first), `${hint}; no answer came`);
}

'use strict';
// Calls for the API fuzz, from a seed: plain JSON, so that a failing sequence can be printed, shrunk (run.js) and
// kept. What each call does is in calls.js, and for the systems beside node-ipc in systems.js.

const { seeded } = require('../../helpers/random');
const { NAMES } = require('./calls');
const { SYSTEMS } = require('./systems');

/** Of the calls that matter most, more. */
const WEIGHTS = {
  emit: 8,
  connect: 5,
  serve: 3,
  start: 3,
  answer: 6,
  request: 4,
  disconnect: 3,
  stop: 2,
};
const CALLS = NAMES.flatMap((name) => Array(WEIGHTS[name] ?? 1).fill(name));

/**
 * `main`: one after the other, with a `wait` between them. `handlers`: one each time that a handler runs; null
 * does nothing.
 */
function makeSequence(seed, only = {}) {
  const { transport, systems } = only;
  if (systems || SYSTEMS.includes(transport)) return ofSystem(seed, transport);
  const random = seeded(seed);
  const pick = (list) => list[random(list.length)];
  const call = () => ({ op: pick(CALLS), who: random(2), n: random(1000), m: random(1000) });
  const opening = (who) => [
    { op: 'serve', who, n: 0, m: 0, wait: 'none' },
    { op: 'start', who, n: 0, m: 0, wait: 'turn' },
    { op: 'connect', who: 1 - who, n: 0, m: 0, wait: 'ms' },
  ];
  const wait = () => pick(['none', 'none', 'none', 'tick', 'turn', 'turn', 'ms']);
  return {
    seed,
    transport: only.transport ?? pick(['unix', 'unix', 'tcp', 'tls', 'udp']),
    main: [
      ...(random(5) > 0 ? opening(random(2)) : []),
      ...Array.from({ length: 3 + random(25) }, () => ({ ...call(), wait: wait() })),
    ],
    handlers: Array.from({ length: random(40) }, () => (random(3) === 0 ? null : call())),
    serialization: pick(['json', 'json', 'advanced']),
  };
}

/** ipc2 starts processes: fewer of it. In a wild sequence they misbehave: see wild.js. */
const MIXED = [...SYSTEMS, ...SYSTEMS.filter((it) => it !== 'ipc2')];
const OPS = [...Array(10).fill('call'), ...['make', 'make', 'later', 'soon', 'micro', 'rejects']];

function ofSystem(seed, transport) {
  const random = seeded(seed);
  const pick = (list) => list[random(list.length)];
  const call = (op = pick(OPS)) => ({ op, k: random(2 ** 30) });
  const wait = () => pick(['none', 'none', 'turn', 'turn', 'ms', 'ms', 'while']);
  const system = transport ?? pick(MIXED);
  const sequence = {
    seed,
    transport: system,
    main: [
      // A process takes a while to start, and calls are to find one.
      ...Array.from({ length: 3 }, () => ({
        ...call('make'),
        wait: system === 'ipc2' ? 'made' : 'ms',
      })),
      ...Array.from({ length: 5 + random(40) }, () => ({ ...call(), wait: wait() })),
    ],
    handlers: Array.from({ length: random(40) }, () => {
      const kind = random(6);
      if (kind < 2) return null;
      return kind === 2 ? { op: 'throws' } : call();
    }),
  };
  return system === 'ipc2' ? { ...sequence, wild: random(3) > 0 } : sequence;
}

/** Those that are to be played: given themselves, or by the first seed and how many. */
function sequencesOf({ sequences, first, count, ...only }) {
  return sequences ?? Array.from({ length: count }, (_, i) => makeSequence(first + i, only));
}

module.exports = { makeSequence, sequencesOf };

'use strict';
// Calls of `ferripc/mqueue` for the API fuzz: see ../systems.js.

const { open } = require('../../../../mqueue');
const { note, remove, unlimited } = require('../../../helpers/queues');

const nameOf = (n) => `/ferripc-${process.pid}-fuzz${n}`;
const TEXTS = ['', 'x', 'y'.repeat(64), 'z'.repeat(65)];

unlimited();
note(nameOf(0), nameOf(1));

module.exports = {
  queue: {
    make: (world, pick) => [
      nameOf(pick([0, 0, 1])),
      {
        create: pick([true, true, true, false]),
        exclusive: pick([false, false, false, true]),
        maxmsg: pick([1, 2, 3]),
        msgsize: 64,
        maxQueuedBytes: pick([undefined, 1000, 5000]),
        read: pick([true, true, true, false]),
        write: pick([true, true, true, false]),
      },
    ],
    from: open,
    events: ['close', 'error'],
    methods: {
      send: (world, pick) => [
        pick([...TEXTS, Buffer.alloc(9)]),
        pick([0, 0, 1, 32767]),
        wait(pick),
      ],
      receive: (world, pick) => [wait(pick)],
      attr: () => [],
      close: () => [],
      unlink: () => [],
      ref: () => [],
      unref: () => [],
      on: (world, pick) => [pick(['message', 'message', 'error', 'x']), () => world.react()],
      once: (world) => ['message', () => world.react()],
      removeAllListeners: (world, pick) => [pick(['message', 'close'])],
      iterate: () => [],
    },
    extra: {
      // Without a handler of `error`, an error is thrown, as of any emitter.
      removeAllListeners: (queue, event) =>
        queue.removeAllListeners(event === 'close' ? event : 'message'),
      async iterate(queue) {
        for await (const { data } of queue) if (data.length > 0) break;
      },
    },
    close: (queue) => queue.close(),
    after: () => [0, 1].forEach((n) => remove(nameOf(n))),
  },
};

const wait = (pick) => pick([undefined, { timeout: 0 }, { timeout: 1 }, { timeout: 20 }, {}]);

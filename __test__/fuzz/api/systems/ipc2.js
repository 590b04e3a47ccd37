'use strict';
// Calls of `ferripc/ipc2` for the API fuzz: see ../systems.js. Workers are fixtures/ipc2-worker.js.

const path = require('node:path');
const { TimeoutAction, WorkerSet, codec, spawn } = require('../../../../ipc2');
const { Task } = require('../../../ipc2/tasks');

const WORKER = path.join(__dirname, '..', '..', '..', 'fixtures', 'ipc2-worker.js');

/** Less than it takes until a promise counts as forgotten (systems.js), on a busy machine, too. */
const CONNECT_TIMEOUT = 5000;

const TASKS = [
  ...[{ Add: [1, 2] }, { Echo: 'x'.repeat(100_000) }, 'Hang', 'Crash', 'NoReply', { Sleep: 5n }],
  ...['Pid', { Note: 'n' }, { Unknown: 1 }, { Add: ['x'] }],
];

/** A signal that aborts soon, or has aborted. */
const signal = (pick) =>
  pick([undefined, undefined, { signal: AbortSignal.timeout(5) }, { signal: AbortSignal.abort() }]);

const sent = (world, pick) => [pick(TASKS), signal(pick)];

const both = { send: sent, sendUnidirectional: sent, ref: () => [], unref: () => [] };

module.exports = {
  set: {
    make: (world, pick) => [
      {
        workerCount: pick([0, 1, 2]),
        queue: pick([false, 1, 100]),
        respawn: pick([true, false]),
        maxQueuedBytes: pick([1000, 1 << 20]),
        maxMessageBytes: pick([1000, 1 << 20]),
        connectTimeout: pick([CONNECT_TIMEOUT, CONNECT_TIMEOUT, 1]),
        backoff: [1, 10],
      },
    ],
    from(settings) {
      const builder = WorkerSet.builder().workerPath(WORKER).request(Task).response(codec.u32);
      for (const [name, value] of Object.entries(settings ?? {})) builder[name](...[value].flat());
      return builder.finish();
    },
    events: ['exit'],
    methods: {
      ...both,
      sendTimeout: (world, pick) => [
        pick(TASKS),
        pick([1, 50, 0]),
        pick([TimeoutAction.Restart, TimeoutAction.Error]),
        signal(pick),
      ],
      restart: () => [],
      popWorker: () => [],
      pids: () => [],
      available: () => [],
      close: (world, pick) => [pick([undefined, { timeout: 0 }, { timeout: 50 }])],
    },
    makes: { popWorker: 'worker' },
    close: (set) => set.close({ timeout: 100 }),
  },
  worker: {
    make: () => [WORKER, { request: Task, response: codec.u32, connectTimeout: CONNECT_TIMEOUT }],
    from: spawn,
    events: ['exit'],
    methods: { ...both, kill: () => [] },
    close: (worker) => worker.kill(),
  },
};

'use strict';
// Calls of `ferripc/ipc2` for the API fuzz: see ../systems.js. Workers are fixtures/ipc2-worker.js, or in a wild sequence
// those of ../wild.js.

const path = require('node:path');
const { TimeoutAction, WorkerSet, codec, spawn } = require('../../../../ipc2');
const { Task } = require('../../../ipc2/tasks');
const wild = require('../wild');

const WORKER = path.join(__dirname, '..', '..', '..', 'fixtures', 'ipc2-worker.js');

/** Less than it takes until a promise counts as forgotten (systems.js), on a busy machine, too. */
const CONNECT_TIMEOUT = 5000;

/** The same of wild workers, of which many never connect. */
const WILD_CONNECT_TIMEOUT = 100;

/** How often a wild worker misbehaves, in percent: see its source. */
const WILDNESS = [0, 0, 3, 10, 30];

const TASKS = [
  ...[{ Add: [1, 2] }, { Echo: 'x'.repeat(100_000) }, 'Hang', 'Crash', 'NoReply', { Sleep: 5n }],
  ...['Pid', { Note: 'n' }, { Unknown: 1 }, { Add: ['x'] }, { Sleep: 30n }, 'Hang'],
];

/** A signal that aborts soon, or has aborted. */
const signal = (pick) =>
  pick([undefined, undefined, { signal: AbortSignal.timeout(5) }, { signal: AbortSignal.abort() }]);

const sent = (world, pick) => [pick(TASKS), signal(pick)];

/** What the settings of a set or worker have for its processes. Wild ones write what nobody should read. */
function processOf(world, pick, random) {
  if (!world.wild) return { path: WORKER, settings: { connectTimeout: CONNECT_TIMEOUT } };
  const settings = {
    args: [String(pick(WILDNESS)), String(random(2 ** 30))],
    stdio: 'ignore',
    connectTimeout: WILD_CONNECT_TIMEOUT,
  };
  return { path: wild.program(), settings };
}

/** What makes a difference where there is a job. */
const OFTEN = { send: 6, sendTimeout: 3, restart: 3 };

const both = { send: sent, sendUnidirectional: sent, ref: () => [], unref: () => [] };

module.exports = {
  set: {
    make(world, pick, random) {
      const { path: workerPath, settings } = processOf(world, pick, random);
      const { connectTimeout } = settings;
      return [
        {
          ...settings,
          workerPath,
          workerCount: pick([0, 1, 2]),
          queue: pick([false, 1, 100]),
          respawn: pick([true, false]),
          maxQueuedBytes: pick([1000, 1 << 20]),
          maxMessageBytes: pick([1000, 1 << 20]),
          connectTimeout: pick([connectTimeout, connectTimeout, 1]),
          backoff: [1, 10],
        },
      ];
    },
    from(settings) {
      const builder = WorkerSet.builder().workerPath(WORKER).request(Task).response(codec.u32);
      for (const [name, value] of Object.entries(settings ?? {})) {
        builder[name](...(name === 'backoff' ? value : [value]));
      }
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
    often: OFTEN,
    makes: { popWorker: 'worker' },
    close: (set) => set.close({ timeout: 100 }),
  },
  worker: {
    make(world, pick, random) {
      const { path: program, settings } = processOf(world, pick, random);
      return [program, { ...settings, request: Task, response: codec.u32 }];
    },
    from: spawn,
    events: ['exit'],
    methods: { ...both, kill: () => [] },
    often: OFTEN,
    close: (worker) => worker.kill(),
  },
};

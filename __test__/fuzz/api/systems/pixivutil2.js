'use strict';
// Calls of `ferripc/pixivutil2` for the API fuzz: see ../systems.js.

const path = require('node:path');
const { Agent, Controller } = require('../../../../pixivutil2');

const endpoints = (world, pick) => {
  const n = pick([0, 0, 0, 1]);
  const [comm, task] = ['c', 't'].map((it) => `ipc://${path.join(world.folder, `${it}${n}`)}`);
  return { comm, task };
};
const TEXTS = ['', 'x', 'ü👋', 't'.repeat(20_000), '\0|'];
const time = (pick) => pick([1, 50, 200]);

/** What becomes of a job: an exit code, now or later, none, or an error. */
const job = (world, pick) =>
  pick([
    () => world.react(),
    () => 7,
    async () => pick([0, -1, 2 ** 40, 'x', undefined]),
    (args, agent, { signal } = {}) =>
      new Promise((resolve) =>
        signal ? signal.addEventListener('abort', () => resolve(1)) : resolve(3),
      ),
  ]);

module.exports = {
  controller: {
    make: (world, pick) => [
      {
        ...endpoints(world, pick),
        refusal: pick(['Error', 'ERROR']),
        maxTasks: pick([undefined, 1]),
        maxParallelTasks: pick([undefined, 1]),
        maxConnections: pick([undefined, 2]),
        maxQueuedBytes: pick([undefined, 5000]),
        maxMessageBytes: pick([undefined, 5000]),
      },
    ],
    from: (...args) => new Controller(...args),
    events: [
      'handshake',
      'total',
      'download',
      'title',
      'error-report',
      'ident',
      'disconnect',
      'error',
    ],
    methods: {
      start: () => [],
      stop: () => [],
      onFfmpeg: (world, pick) => [job(world, pick)],
      onAria2: (world, pick) => [job(world, pick)],
      ipcOption: (world, pick) => pick([[], ['name'], ['a|b']]),
      ref: () => [],
      unref: () => [],
    },
    close: (controller) => controller.stop(),
  },
  agent: {
    make: (world, pick) => [
      {
        ...endpoints(world, pick),
        identifier: pick([undefined, 'me', 'ü']),
        handshakeTimeout: time(pick),
        notifyTimeout: time(pick),
        jobTimeout: time(pick),
        heartbeatInterval: pick([undefined, 5]),
      },
    ],
    from: (...args) => Agent.connect(...args),
    methods: {
      total: (world, pick) => [pick([0, 5, 5n, -1, 2 ** 60])],
      downloaded: (world, pick) => [pick([1, 7n]), pick([0, -1, 9999, 12345])],
      title: (world, pick) => [pick(TEXTS)],
      error: (world, pick) => [pick(TEXTS), pick(TEXTS)],
      ffmpeg: (world, pick) => [pick([['-i', 'x'], [], ['a'.repeat(9000)]])],
      aria2: (world, pick) => [pick(TEXTS), pick(TEXTS)],
      close: () => [],
    },
    makes: { ffmpeg: 'task' },
    close: (agent) => agent.close(),
  },
  task: { methods: { exitCode: () => [] }, close() {} },
};

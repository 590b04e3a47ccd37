'use strict';
// Calls of `ferripc/appview` for the API fuzz: see ../systems.js.

const { AppViewClient, AppViewServer } = require('../../../../appview');
const { note, unlimited } = require('../../../helpers/queues');

const PREFIX = `Fuzz${process.pid}x`;
const CONFIGURATIONS = [{}, { a: 1 }, { text: 'c'.repeat(50_000) }, null, 'x', [1]];

unlimited();
note(...['In', 'Out'].map((side) => `/${PREFIX}${side}.${process.pid}`));

const asked = () => [];

module.exports = {
  server: {
    make: (world, pick) => [
      { prefix: PREFIX, handlerTimeout: pick([undefined, 1, 50]), pollMs: pick([undefined, 1, 5]) },
    ],
    from: (...args) => new AppViewServer(...args),
    events: ['setConfig', 'error'],
    methods: {
      publish: (world, pick) => [
        {
          viewed: pick([true, false, 5]),
          cfg: pick(CONFIGURATIONS),
          interfaces: pick([[], [{}], 5]),
        },
      ],
      handle: (world, pick) => [
        pick([6, 7, -1, 0, 2 ** 31]),
        pick([
          () => world.react(),
          async () => ({ a: world.react() }),
          () => new Promise(() => {}),
          () => 5,
        ]),
        pick([undefined, 'name', '']),
      ],
      start: () => [],
      stop: () => [],
      ref: () => [],
      unref: () => [],
    },
    close: (server) => server.stop(),
  },
  client: {
    make: (world, pick) => [
      process.pid,
      {
        prefix: PREFIX,
        timeout: pick([0, 1, 50]),
        replaceStale: true,
        msgsize: pick([undefined, 8192, 300, 10]),
        maxResponseBytes: pick([undefined, 1000]),
        throwOnStatus: pick([true, false]),
      },
    ],
    from: (...args) => new AppViewClient(...args),
    methods: {
      supportedCommands: asked,
      status: asked,
      config: asked,
      setConfig: (world, pick) => [pick(CONFIGURATIONS)],
      transportStatus: asked,
      processDetails: asked,
      inspect: asked,
      request: (world, pick) => [
        pick([0, 2, 6, 7, -1, 99]),
        pick([undefined, {}, { a: 1 }, { big: 'b'.repeat(20_000) }]),
        pick([undefined, { throwOnStatus: true }]),
      ],
    },
    close() {},
  },
};

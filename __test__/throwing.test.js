'use strict';
// Handlers that throw: each exception surfaces once, as an uncaughtException, and takes nothing else
// with it (F4).

const { createWorld, TRANSPORTS } = require('./helpers/world');

const world = createWorld();
const all = Array.from({ length: 100 }, (_, n) => n);

describe.each(TRANSPORTS)('%s', (kind) => {
  test.each(['server', 'client'])(
    'a throwing handler of the %s leaves the other messages of the batch, and its answers (F4)',
    async (side) => {
      const { options } = await world.place(kind);
      const result = await world.child('throwing.js', [kind, options, side, false]).next();
      expect(result.delivered).toEqual(all);
      expect(result.answers).toBe(100);
      expect(result.surfaced).toEqual(
        all.filter((n) => n % 2 === 0 && n < 50).map((n) => `at ${n}`),
      );
    },
  );

  test.each(['server', 'client'])(
    'a throwing handler of the %s leaves the other bytes in raw mode (F4)',
    async (side) => {
      const { options } = await world.place(kind);
      const result = await world.child('throwing.js', [kind, options, side, true]).next();
      expect(new Set(result.surfaced)).toEqual(new Set(['data']));
    },
  );
});

test('throwing handlers of lifecycle events do not stop the bookkeeping, nor are they hidden by fake timers (F4, F5)', async () => {
  const child = world.child('throwing-lifecycle.js', [world.socketPath()]);
  const { surfaced, ...rest } = await child.next();
  expect(rest).toEqual({ sockets: 0, retriesRemaining: 1 });
  const of = (side) => surfaced.filter((message) => message.startsWith(side));
  expect(of('server')).toEqual(
    ['start', 'connect', 'socket.disconnected', 'close'].map((type) => `server ${type}`),
  );
  // The first connection ends, and then the last attempt fails.
  expect(of('client')).toEqual(
    ['connect', 'disconnect', 'error', 'disconnect', 'destroy'].map((type) => `client ${type}`),
  );
  expect((await child.exited).code).toBe(0);
});

test('throwing functions of serveOrConnect do not stop the bookkeeping', async () => {
  const child = world.child('throwing-instance.js', [world.socketPath()]);
  expect(await child.next()).toEqual({ surfaced: ['server', 'client'], hello: 1, done: true });
  expect((await child.exited).code).toBe(0);
});

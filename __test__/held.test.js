'use strict';
// What a server holds for connections that have sent a lot and wait in the middle of a message: what has arrived of
// that, and not the buffers that the rest came in. tests/held.rs counts the same byte by byte.

const { createWorld, TRANSPORTS } = require('./helpers/world');
const { ownTls } = require('./helpers/places');
const { onLinux } = require('./helpers/platform');

const world = createWorld();

const CONNECTIONS = 100;
const MESSAGE = `${JSON.stringify({ type: 'x', data: 'y'.repeat(900) })}\f`;
/** More than the receive buffers of Unix sockets hold. */
const COUNT = 600;
const BURST = MESSAGE.repeat(COUNT);

/** Bytes per connection. The buffers were 300 to 900 kB; beside them a connection is objects of some 10 kB. */
const MOST = 110 * 1024;

onLinux.describe.each(TRANSPORTS)('%s', (kind) => {
  test('connections that leave a byte of a message after a burst hold no buffers', async () => {
    const place = await world.place(kind);
    const tls = kind === 'tls' && ownTls();
    const child = world.child('held.js', [{ ...place.options, tls }, CONNECTIONS * COUNT], {
      runtime: [process.execPath, '--expose-gc'],
    });
    expect(await child.next()).toBe('listening');
    const round = async () => {
      for (let n = 0; n < CONNECTIONS; n++) (await world.peer(place)).write(`${BURST}{`);
      return child.next();
    };
    const first = await round(); // what a process allocates once
    const second = await round();
    const each = (second - first) / CONNECTIONS;
    expect(each).toBeLessThan(MOST);
  });
});

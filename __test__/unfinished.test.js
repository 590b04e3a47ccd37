'use strict';
// Messages that begin and do not end: config.maxBufferedBytes bounds what all connections of a server hold of them
// together. Whoever holds most is closed; the others go on.

const { once, record } = require('./helpers/events');
const { TRANSPORTS, createWorld } = require('./helpers/world');

const world = createWorld();

const KIB = 1024;
const config = { maxBufferedBytes: 1024 * KIB };

/** The beginning of a message, and the end of it. */
const begin = (length) => `{"type":"long","data":"${'x'.repeat(length)}`;
const END = '"}\f';

/** Has written all of it. */
const written = (peer, data) => new Promise((resolve) => peer.socket.write(data, resolve));

describe.each(TRANSPORTS)('%s', (kind) => {
  test('the connection that holds most is closed when all hold too much; the others go on', async () => {
    const place = await world.place(kind);
    const server = await world.serve(place, config);
    const greedy = await world.peer(place);
    const [modest, late] = [await world.peer(place), await world.peer(place)];
    const failed = once(server, 'error');
    const left = once(server, 'socket.disconnected');

    await written(greedy, begin(600 * KIB));
    await written(modest, begin(300 * KIB));
    modest.write(' '); // more of it than of the next one
    await written(late, begin(200 * KIB));

    const [error] = await failed;
    expect(error).toMatchObject({ code: 'ERR_FERRIPC_TOO_MUCH_BUFFERED' });
    expect(error.message).toContain(`${1024 * KIB} bytes`);
    await Promise.all([left, greedy.closed]);

    for (const [peer, length] of [
      [modest, 300 * KIB + 1],
      [late, 200 * KIB],
    ]) {
      const arrived = once(server, 'long');
      peer.write(END);
      expect((await arrived)[0]).toHaveLength(length);
    }
    expect(server.sockets).toHaveLength(2);
  });

  test('one connection alone may hold no more either', async () => {
    const place = await world.place(kind);
    const server = await world.serve(place, config);
    const peer = await world.peer(place);
    const failed = once(server, 'error');
    peer.write(begin(2048 * KIB));
    expect((await failed)[0]).toMatchObject({ code: 'ERR_FERRIPC_TOO_MUCH_BUFFERED' });
    await peer.closed;
  });

  test('what has ended counts no more: messages, and connections', async () => {
    const place = await world.place(kind);
    const server = await world.serve(place, config);
    const events = record(server);
    for (let n = 0; n < 4; n++) {
      const peer = await world.peer(place);
      const arrived = once(server, 'long');
      peer.write(begin(600 * KIB) + END + begin(600 * KIB));
      await arrived;
      const ended = once(server, 'error');
      await written(peer, '');
      peer.socket.end();
      await ended;
    }
    const codes = events.filter(([type]) => type === 'error').map(([, error]) => error.code);
    expect(codes).toEqual(Array(4).fill('ERR_FERRIPC_TRUNCATED_MESSAGE'));
  });

  test('without a limit, nothing is limited', async () => {
    const place = await world.place(kind);
    const server = await world.serve(place, { maxBufferedBytes: Infinity });
    const peer = await world.peer(place);
    const arrived = once(server, 'long');
    peer.write(begin(2048 * KIB) + END);
    expect((await arrived)[0]).toHaveLength(2048 * KIB);
  });

  test('a client may hold more: the setting is about what a server holds', async () => {
    const place = await world.place(kind);
    const server = await world.serve(place);
    const { client, socket } = await world.meet(server, place, config);
    const events = record(client);
    const arrived = once(client, 'long');
    server.emit(socket, 'long', 'x'.repeat(8192 * KIB));
    expect((await arrived)[0]).toHaveLength(8192 * KIB);
    expect(events.map(([type]) => type)).toEqual(['long']);
  });
});

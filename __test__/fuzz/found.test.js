'use strict';
// What the fuzzers have found and no other suite had a place for.

const net = require('node:net');
const { createWorld, TRANSPORTS } = require('../helpers/world');
const { once, record } = require('../helpers/events');
const { thrownBy } = require('../helpers/thrown');

const world = createWorld();

describe.each(TRANSPORTS)('%s: config.encoding that Node does not have', (kind) => {
  const unknown = expect.objectContaining({ name: 'TypeError', code: 'ERR_UNKNOWN_ENCODING' });

  test('is refused by start and connectTo', async () => {
    const place = await world.place(kind);
    const server = world.host(place, { encoding: 'nonsense' });
    expect(thrownBy(() => server.start())).toEqual(unknown);
    expect(thrownBy(() => place.connectTo(world.ipc({ encoding: 'nonsense' }), 'x'))).toEqual(
      unknown,
    );
  });

  test('set later, it is an error of the server, which goes on', async () => {
    const place = await world.place(kind);
    const server = await world.serve(place);
    server.config.encoding = 'nonsense';
    const failed = once(server, 'error');
    const { client, socket } = await world.meet(server, place);
    expect(await failed).toEqual([unknown]);
    const events = record(server);
    client.emit('still', 'here');
    await once(server, 'still');
    expect(events).toEqual([['still', 'here']]);
    expect(socket.destroyed).toBe(false);
  });
});

// A program means its own listeners; what the library knows of a socket does not depend on them.
describe.each(TRANSPORTS)('%s: removeAllListeners', (kind) => {
  test.each([[[]], [['close']], [['error']]])(
    'of a socket and of the listening server with %j',
    async (types) => {
      const place = await world.place(kind);
      const server = await world.serve(place);
      server.server.removeAllListeners(...types);
      const { client, socket } = await world.meet(server, place);
      const mine = jest.fn();
      socket.on('close', mine).on('error', mine);
      socket.removeAllListeners(...types);
      client.socket.removeAllListeners(...types);
      const left = once(server, 'socket.disconnected');
      const gone = once(client, 'disconnect');
      client.leave();
      expect(await left).toEqual([socket, false]);
      await gone;
      expect(server.sockets).toEqual([]);
      expect(mine).toHaveBeenCalledTimes(types[0] === 'error' ? 1 : 0);
      const second = await world.meet(server, place);
      second.socket.removeAllListeners();
      const stopped = server.stop({ disconnect: true });
      second.socket.removeAllListeners();
      await stopped;
      expect(server.sockets).toEqual([]);
    },
  );
});

test('setKeepAlive refuses what is not a number when it is called, as in net, and not when it is connected', async () => {
  const place = await world.place('tcp');
  const server = await world.serve(place);
  const client = world.dial(place);
  const calls = [
    (socket) => socket.setKeepAlive(true, Symbol('x')),
    (socket) => socket.setKeepAlive(true, 5n),
  ];
  const connected = once(client, 'connect');
  expect(client.socket.connecting).toBe(true);
  for (const call of calls) {
    const error = thrownBy(() => call(client.socket));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.code).toBe('ERR_INVALID_ARG_TYPE');
    const node = net.connect(place.options);
    world.after(() => node.destroy());
    await once(node, 'connect');
    expect(thrownBy(() => call(node)).name).toBe('TypeError'); // of another realm
  }
  await connected;
  expect(server.sockets.length).toBeGreaterThan(0);
});

test('udp: removeAllListeners of the socket leaves errors to the server', async () => {
  const ipc = world.ipc();
  ipc.serveNet('127.0.0.1', '0', 'udp4');
  await ipc.server.start();
  const { server: socket } = ipc.server;
  socket.removeAllListeners();
  const failed = once(ipc.server, 'error');
  ipc.server.emit(socket.address(), 'a', 'x'.repeat(100_000));
  expect((await failed)[0].code).toBe('EMSGSIZE');
  const gone = once(ipc.server, 'socket.disconnected');
  await ipc.server.stop();
  await gone;
  expect(ipc.server.sockets).toEqual([]);
});

'use strict';
// Mistakes of the caller: which ones throw, what they throw, and that the rest goes on.

const { createWorld } = require('./helpers/world');
const { once } = require('./helpers/events');
const { onUnix } = require('./helpers/platform');
const { thrownBy } = require('./helpers/thrown');

const world = createWorld();

const badPort = expect.objectContaining({ name: 'RangeError', code: 'ERR_SOCKET_BAD_PORT' });
const badType = expect.objectContaining({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });

describe('arguments of serve and connectTo', () => {
  test.each([65536, -1, 1.5, '70000', 'x'])('port %p is a RangeError', (port) => {
    const ipc = world.ipc();
    expect(thrownBy(() => ipc.serveNet('127.0.0.1', port))).toEqual(badPort);
    expect(thrownBy(() => ipc.connectToNet('x', '127.0.0.1', port))).toEqual(badPort);
    expect(ipc.of).toEqual({});
    expect(ipc.server).toBe(false);
  });

  test.each([
    ['a string', 'x'],
    ['an object', {}],
    ['a number', 5],
  ])('a callback that is %s is a TypeError', (name, callback) => {
    const ipc = world.ipc();
    const path = world.socketPath();
    expect(thrownBy(() => ipc.serve(path, callback))).toEqual(badType);
    expect(thrownBy(() => ipc.connectTo('x', path, callback))).toEqual(badType);
    expect(thrownBy(() => ipc.serveNet('127.0.0.1', 1, '', callback))).toEqual(badType);
    expect(thrownBy(() => ipc.connectToNet('x', '127.0.0.1', 1, callback))).toEqual(badType);
    expect(ipc.of).toEqual({});
  });

  test.each(['', null, 0, 5, []])('delimiter %p is a TypeError', (delimiter) => {
    const ipc = world.ipc({ delimiter });
    expect(thrownBy(() => ipc.serve(world.socketPath()))).toEqual(badType);
    expect(thrownBy(() => ipc.connectTo('x', world.socketPath()))).toEqual(badType);
  });

  describe.each(['maxMessageBytes', 'maxQueuedBytes', 'maxBufferedBytes'])('%s', (option) => {
    test.each([0, -1, NaN, 'many'])('%p is a TypeError', (value) => {
      const ipc = world.ipc({ [option]: value });
      expect(thrownBy(() => ipc.serve(world.socketPath()))).toEqual(badType);
    });
  });

  test.each([-1, NaN, '2000', null, {}])('linger %p is a TypeError that names it', (linger) => {
    const ipc = world.ipc({ linger });
    for (const act of [
      () => ipc.serve(world.socketPath()),
      () => ipc.serveNet('127.0.0.1', 1, 'udp4'),
      () => ipc.connectTo('x', world.socketPath()),
    ]) {
      const error = thrownBy(act);
      expect(error).toEqual(badType);
      expect(error.message).toContain('config.linger');
    }
  });

  test.each(['x', 65536, -1, {}, Symbol.iterator.toString])(
    'localPort %p is a RangeError',
    (port) => {
      const ipc = world.ipc({ interface: { localPort: port } });
      const error = thrownBy(() => ipc.connectToNet('x', '127.0.0.1', 1));
      expect(error).toEqual(badPort);
      expect(error.message).toContain('localPort');
    },
  );

  test('a localAddress that is not an address, or a lookup that is not a function, is a TypeError', () => {
    const ipc = world.ipc({ interface: { localAddress: 'nowhere' } });
    expect(thrownBy(() => ipc.connectToNet('x', '127.0.0.1', 1))).toEqual(badType);
    ipc.config.interface = { lookup: 'dns' };
    expect(thrownBy(() => ipc.connectToNet('x', 'localhost', 1))).toEqual(badType);
  });

  test('no id is refused without an exception', () => {
    const ipc = world.ipc();
    ipc.connectTo();
    ipc.connectToNet();
    expect(ipc.of).toEqual({});
  });
});

onUnix.describe('a path that is too long for a socket', () => {
  const tooLong = { code: 'ENAMETOOLONG', syscall: expect.any(String) };

  test('is an error event and a rejection of start (F10)', async () => {
    const ipc = world.ipc();
    ipc.serve(world.file('x'.repeat(107)));
    const error = once(ipc.server, 'error');
    await expect(ipc.server.start()).rejects.toMatchObject(tooLong);
    expect((await error)[0]).toMatchObject({ ...tooLong, syscall: 'listen' });
  });

  test('is an error event of the client, then disconnect and destroy (K10)', async () => {
    const ipc = world.ipc({ maxRetries: 0 });
    ipc.connectTo('x', world.file('x'.repeat(107)));
    const error = once(ipc.of.x, 'error');
    const destroyed = once(ipc.of.x, 'destroy');
    expect((await error)[0]).toMatchObject({ ...tooLong, syscall: 'connect' });
    await destroyed;
  });

  test('begins at 108 bytes: 107 are fine', async () => {
    const path = world.file('x').padEnd(107, 'x');
    const ipc = world.ipc();
    ipc.serve(path);
    await ipc.server.start();
    const again = world.ipc(); // a takeover has no room for a name beside it
    again.serve(path);
    await again.server.start();
    ipc.connectTo('x', path);
    await once(ipc.of.x, 'connect');
  });
});

describe('emit', () => {
  async function pair() {
    const place = await world.place('unix');
    const server = await world.serve(place);
    return { server, ...(await world.meet(server, place)) };
  }

  const circular = {};
  circular.self = circular;

  test.each([
    ['circular data', circular],
    ['a BigInt', { n: 1n }],
    [
      'a toJSON that throws',
      {
        toJSON() {
          throw new TypeError('no');
        },
      },
    ],
  ])('of %s throws a TypeError and sends nothing', async (name, data) => {
    const { server, client, socket } = await pair();
    expect(() => client.emit('bad', data)).toThrow(TypeError);
    expect(() => server.emit(socket, 'bad', data)).toThrow(TypeError);
    expect(() => server.broadcast('bad', data)).toThrow(TypeError);
    const types = [];
    server.on('*', (type) => types.push(type));
    client.on('*', (type) => types.push(type));
    client.emit('good', 1);
    await once(server, 'good');
    server.emit(socket, 'good', 1);
    await once(client, 'good');
    expect(types).toEqual(['good', 'good']);
  });

  test.each([undefined, null, 'x', 5, {}])(
    'to %p instead of a socket is a TypeError',
    async (to) => {
      const { server } = await pair();
      expect(thrownBy(() => server.emit(to, 'x', 1))).toEqual(badType);
    },
  );

  test('to a plain stream writes the frame (K25)', async () => {
    const { server } = await pair();
    const written = [];
    server.emit({ write: (text) => written.push(text) }, 'x', 1);
    expect(written).toEqual(['{"type":"x","data":1}\f']);
  });

  test('of what Buffer.from refuses is a TypeError in raw mode (K14)', async () => {
    const place = await world.place('unix');
    await world.serve(place, { rawBuffer: true });
    const client = await world.connect(place, { rawBuffer: true });
    for (const payload of [undefined, null, 5, {}]) {
      expect(thrownBy(() => client.emit(payload))).toMatchObject({ name: 'TypeError' });
    }
  });

  test('to a socket that is gone is false and does not throw (K8)', async () => {
    const { server, client, socket } = await pair();
    client.leave();
    await once(server, 'socket.disconnected');
    expect(server.emit(socket, 'late', 1)).toBe(false);
    expect(client.emit('late', 1)).toBe(false);
  });
});

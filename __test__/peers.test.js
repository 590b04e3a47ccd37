'use strict';
// Who is at the other end (`socket.peerCredentials`, `config.allowPeer`), and who gets a broadcast.

const { subscribe, unsubscribe } = require('node:diagnostics_channel');
const net = require('node:net');
const path = require('node:path');
const { datagramPeer } = require('./helpers/datagrams');
const { collect, once, record } = require('./helpers/events');
const { createWorld, TRANSPORTS } = require('./helpers/world');

const world = createWorld();

const isTold = ['linux', 'darwin'].includes(process.platform);
const tells = isTold ? describe : describe.skip;
const own = () => ({ pid: process.pid, uid: process.geteuid(), gid: process.getegid() });

tells('credentials', () => {
  test('of both ends of a Unix socket, while it is connected', async () => {
    const place = await world.place('unix');
    const server = await world.serve(place);
    const early = world.dial(place);
    expect(early.socket.peerCredentials).toBeUndefined();
    const [socket] = await once(server, 'connect');
    if (early.socket.connecting) await once(early, 'connect');
    expect([socket.peerCredentials, early.socket.peerCredentials]).toEqual([own(), own()]);
    const gone = once(server, 'socket.disconnected');
    early.leave();
    await gone;
    expect([socket.peerCredentials, early.socket.peerCredentials]).toEqual([undefined, undefined]);
  });

  test('of another process are those of that process', async () => {
    const place = await world.place('unix');
    const server = await world.serve(place);
    const connected = once(server, 'connect');
    const script = `require('net').connect(${JSON.stringify(place.options.path)}).resume()`;
    const child = require('node:child_process').spawn(process.execPath, ['-e', script]);
    world.after(() => child.kill());
    const [socket] = await connected;
    expect(socket.peerCredentials).toEqual({ ...own(), pid: child.pid });
    expect(Object.keys(socket)).not.toContain('peerCredentials');
  });

  test.each(['tcp', 'tls'])('of %s are unknown', async (kind) => {
    const place = await world.place(kind);
    const server = await world.serve(place);
    const { client, socket } = await world.meet(server, place);
    expect([socket.peerCredentials, client.socket.peerCredentials]).toEqual([undefined, undefined]);
  });

  test('give way to what a program sets', async () => {
    const place = await world.place('unix');
    const server = await world.serve(place);
    const { socket } = await world.meet(server, place);
    socket.peerCredentials = 'mine';
    expect(socket.peerCredentials).toBe('mine');
  });
});

tells('allowPeer', () => {
  /** Connects and sends at once; resolves when the server has ended the connection. */
  const tryIt = (place) =>
    new Promise((resolve) => {
      const socket = net.connect(place.options.path);
      socket.on('error', () => {});
      socket.write('{"type":"secret","data":1}\fnot JSON\f');
      socket.resume().on('close', resolve);
    });

  test('keeps a peer out before anything of it is read or reported', async () => {
    const place = await world.place('unix');
    const asked = [];
    const allowPeer = (...args) => {
      asked.push(args);
      return false;
    };
    const server = await world.serve(place, { allowPeer });
    const events = record(server);
    await tryIt(place);
    expect(asked).toEqual([[own()]]);
    expect(events).toEqual([]);
    expect(server.sockets).toEqual([]);
    expect(server.stats()).toMatchObject({ refused: 1, accepted: 0, bytesReceived: 0 });
  });

  test('lets a peer in, and is read with each connection', async () => {
    const place = await world.place('unix');
    const server = await world.serve(place, { allowPeer: ({ uid }) => uid === process.geteuid() });
    const { client } = await world.meet(server, place);
    const hello = once(server, 'hello');
    client.emit('hello', 1);
    expect((await hello)[0]).toBe(1);
    server.config.allowPeer = () => false;
    await tryIt(place);
    server.config.allowPeer = undefined;
    await world.meet(server, place);
    expect(server.sockets).toHaveLength(2);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
      'broken',
    ],
    ['answers with a promise', async () => true, 'config.allowPeer must return its answer'],
    [
      'answers with a promise that is rejected',
      () => Promise.reject(new Error('x')),
      'not a promise',
    ],
  ])('that %s keeps everybody out, and is reported', async (_, allowPeer, message) => {
    const place = await world.place('unix');
    const server = await world.serve(place, { allowPeer });
    const failed = once(server, 'error');
    const published = [];
    const hear = ({ error }) => published.push(error);
    subscribe('ferripc:error', hear);
    world.after(() => unsubscribe('ferripc:error', hear));
    await tryIt(place);
    const [error] = await failed;
    expect(error.message).toContain(message);
    expect(published).toContain(error);
    expect(server.sockets).toEqual([]);
  });

  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  test.each([
    [null, 'null'],
    [Symbol('s'), 'Symbol(s)'],
    [Object.create(null), 'a value that cannot be shown'],
    [proxy, 'a value that cannot be shown'],
  ])(
    'that throws something other than an Error is reported as an Error: case %#',
    async (thrown, shown) => {
      const place = await world.place('unix');
      const server = await world.serve(place, {
        allowPeer: () => {
          throw thrown;
        },
      });
      const failed = once(server, 'error');
      await tryIt(place);
      expect((await failed)[0].message).toBe(`config.allowPeer threw ${shown}`);
      expect(server.sockets).toEqual([]);
      expect(server.stats().refused).toBe(1);
    },
  );

  test('refuses those for which a listener of the error throws', async () => {
    const { options } = await world.place('unix');
    const source = `
      const ipc = require(${JSON.stringify(path.join(__dirname, '..'))});
      process.on('uncaughtException', (error) => console.log(JSON.stringify(error.message)));
      Object.assign(ipc.config, { silent: true, allowPeer: () => { throw new Error('why'); } });
      ipc.serve(${JSON.stringify(options.path)});
      ipc.server.on('error', ({ message }) => { throw new Error(message); });
      ipc.server.start().then(() => {
        const peer = require('node:net').connect(${JSON.stringify(options.path)}).resume();
        peer.on('end', () => ipc.server.stop());
      });
    `;
    const server = world.child('', [], { runtime: [process.execPath, '-e', source] });
    expect(await server.next()).toBe('why');
    expect((await server.exited).code).toBe(0);
  });

  test.each([[true], ['root'], [{}], [1]])('%p is refused by name', async (allowPeer) => {
    const server = world.host(await world.place('unix'), { allowPeer });
    expect(() => server.start()).toThrow(TypeError);
    expect(() => server.start()).toThrow('config.allowPeer');
  });

  test.each([[true], ['root'], [{}], [1]])(
    '%p, put there after the start, keeps everybody out, and is reported by name',
    async (allowPeer) => {
      const place = await world.place('unix');
      const server = await world.serve(place);
      server.config.allowPeer = allowPeer;
      const failed = once(server, 'error');
      await tryIt(place);
      const [error] = await failed;
      expect(error).toBeInstanceOf(TypeError);
      expect(error).toMatchObject({
        code: 'ERR_INVALID_ARG_VALUE',
        message: 'config.allowPeer must be a function',
      });
      expect(server.sockets).toEqual([]);
    },
  );

  test.each(['tcp', 'tls'])('over %s is refused by name', async (kind) => {
    const server = world.host(await world.place(kind), { allowPeer: () => true });
    expect(() => server.start()).toThrow('config.allowPeer needs a Unix socket');
    expect(() => server.start()).toThrow(
      expect.objectContaining({ code: 'ERR_FERRIPC_ALLOW_PEER' }),
    );
  });

  test('on UDP, and under TLS on a path, too', async () => {
    const ipc = world.ipc({ allowPeer: () => true });
    ipc.serveNet('127.0.0.1', '0', 'udp4');
    expect(() => ipc.server.start()).toThrow('config.allowPeer needs a Unix socket');
    ipc.config.tls = require('./helpers/places').ownTls();
    ipc.serve(world.socketPath());
    expect(() => ipc.server.start()).toThrow('config.allowPeer needs a Unix socket');
  });

  test('says nothing about the servers that clients connect to', async () => {
    const place = await world.place('unix');
    await world.serve(place);
    await world.connect(place, { allowPeer: () => false });
  });
});

describe.each(TRANSPORTS)('%s: a broadcast', (kind) => {
  const meet = async (config) => {
    const place = await world.place(kind);
    const server = await world.serve(place, config);
    const clients = [];
    for (let i = 0; i < 3; i++) {
      const { client, socket } = await world.meet(server, place, config);
      const seen = [];
      client.on('n', (n) => seen.push(n));
      clients.push({ client, socket, seen });
    }
    const all = async () => {
      const ends = clients.map(({ client }) => once(client, 'end'));
      server.broadcast('end');
      await Promise.all(ends);
      return clients.map(({ seen }) => seen);
    };
    return { server, sockets: clients.map(({ socket }) => socket), all };
  };

  test('leaves out one, several, and those that `where` rejects', async () => {
    const { server, sockets, all } = await meet();
    const [one, two] = sockets;
    server.broadcast('n', 'all');
    server.broadcast('n', 'but one', { except: one });
    server.broadcast('n', 'but two', { except: [one, two] });
    server.broadcast('n', 'set', { except: new Set([two]) });
    server.broadcast('n', 'where', { where: (socket) => socket === two });
    server.broadcast('n', 'both', { except: [two], where: (socket) => socket !== one });
    server.broadcast('n', 'nobody', { where: () => false });
    expect(await all()).toEqual([
      ['all', 'set'],
      ['all', 'but one', 'where'],
      ['all', 'but one', 'but two', 'set', 'both'],
    ]);
  });

  test('goes to all for a third argument that node-ipc ignores', async () => {
    const { server, all } = await meet();
    const odd = [undefined, null, 'x', 5, () => {}, [], {}, { except: undefined, where: null }];
    for (const one of odd) server.broadcast('n', 1, one);
    expect(await all()).toEqual(Array(3).fill(Array(odd.length).fill(1)));
  });

  test('refuses options that cannot be heeded', async () => {
    const { server, all } = await meet();
    expect(() => server.broadcast('n', 1, { where: 'x' })).toThrow('options.where');
    expect(() => server.broadcast('n', 1, { except: 'x' })).toThrow('options.except');
    expect(() => server.broadcast('n', 1, { except: [5] })).toThrow('options.except');
    const broken = () => {
      throw new Error('broken');
    };
    expect(() => server.broadcast('n', 1, { where: broken })).toThrow('broken');
    expect(() => server.broadcast('n', 1, { where: async () => false })).toThrow('options.where');
    const rejected = () => Promise.reject(new Error('late'));
    expect(() => server.broadcast('n', 1, { where: rejected })).toThrow('not a promise');
    expect(await all()).toEqual([[], [], []]);
  });
});

test('a broadcast in raw mode leaves peers out, too', async () => {
  const place = await world.place('unix');
  const server = await world.serve(place, { rawBuffer: true });
  const { client, socket } = await world.meet(server, place, { rawBuffer: true });
  const other = await world.meet(server, place, { rawBuffer: true });
  const seen = collect(client, 'data', 1);
  const all = collect(other.client, 'data', 1);
  server.broadcast(Buffer.from('a'), undefined, { except: socket });
  expect(String((await all)[0])).toBe('a');
  server.broadcast(Buffer.from('b'));
  expect(String((await seen)[0])).toBe('b');
});

test('a broadcast on UDP leaves peers out by their address', async () => {
  const ipc = world.ipc();
  ipc.serveNet('127.0.0.1', '0', 'udp4');
  await ipc.server.start();
  const peers = [];
  for (let i = 0; i < 2; i++) {
    const peer = await datagramPeer(world);
    const heard = once(ipc.server, 'hello');
    await peer.send(ipc.server, '{"type":"hello"}\f');
    peers.push({ peer, info: (await heard)[1] });
  }
  const [one, two] = peers;
  ipc.server.broadcast('n', 1, { except: one.info });
  ipc.server.broadcast('n', 2, { where: ({ port }) => port === one.info.port });
  expect(String((await one.peer.next()).bytes)).toContain('"data":2');
  expect(String((await two.peer.next()).bytes)).toContain('"data":1');
});

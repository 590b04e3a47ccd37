'use strict';
// Clients over TCP: names and look-ups, several addresses, the local end of a connection (K24).

const net = require('node:net');
const { createWorld, freePort, tcpPlace } = require('./helpers/world');
const { once, collect } = require('./helpers/events');

const world = createWorld();

async function tcpServer(host = '127.0.0.1') {
  const port = await freePort(host);
  const server = await world.serve(tcpPlace(host, port));
  return { server, port };
}

/** A client of `port` at a name that only `lookup` knows. */
function byLookup(port, lookup, config) {
  return world.dial(tcpPlace('somewhere.invalid', port), { interface: { lookup }, ...config });
}

describe('config.interface (K24)', () => {
  test.each(['interface', 'interfaces'])(
    '%s.localAddress is where the client comes from',
    async (key) => {
      const { server, port } = await tcpServer();
      const connected = once(server, 'connect');
      const config = { interface: undefined, [key]: { localAddress: '127.0.0.2' } };
      const client = await world.connect(tcpPlace('127.0.0.1', port), config);
      expect((await connected)[0].remoteAddress).toBe('127.0.0.2');
      expect(client.socket.localAddress).toBe('127.0.0.2');
    },
  );

  test('interface wins where interfaces has the same setting', async () => {
    const { port } = await tcpServer();
    const client = await world.connect(tcpPlace('127.0.0.1', port), {
      interface: { localAddress: '127.0.0.2' },
      interfaces: { localAddress: '127.0.0.3' },
    });
    expect(client.socket.localAddress).toBe('127.0.0.2');
  });

  test('localPort is the port that the client comes from', async () => {
    const { server, port } = await tcpServer();
    const localPort = await freePort();
    const connected = once(server, 'connect');
    const client = await world.connect(tcpPlace('127.0.0.1', port), { interface: { localPort } });
    expect((await connected)[0].remotePort).toBe(localPort);
    expect(client.socket.localPort).toBe(localPort);
  });

  test('a local address that this machine does not have is an error event', async () => {
    const { port } = await tcpServer();
    const client = world.dial(tcpPlace('127.0.0.1', port), {
      maxRetries: 0,
      interface: { localAddress: '192.0.2.1' },
    });
    const error = (await once(client, 'error'))[0];
    expect(error).toMatchObject({ code: 'EADDRNOTAVAIL', address: '192.0.2.1' });
    await once(client, 'destroy');
  });

  test('family and hints reach the look-up', async () => {
    const { port } = await tcpServer();
    let seen;
    const lookup = (host, options, callback) => {
      seen = { host, ...options };
      callback(null, [{ address: '127.0.0.1', family: 4 }]);
    };
    const client = byLookup(port, undefined, { interface: { lookup, family: 4, hints: 32 } });
    await once(client, 'connect');
    expect(seen).toMatchObject({ host: 'somewhere.invalid', family: 4, hints: 32 });
  });

  test.each([
    ['a list', (host, options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }])],
    ['one address', (host, options, callback) => callback(null, '127.0.0.1', 4)],
    ['later', (host, options, callback) => setImmediate(callback, null, '127.0.0.1', 4)],
  ])('a lookup that answers %s', async (name, lookup) => {
    const { server, port } = await tcpServer();
    const arrived = once(server, 'x');
    const client = byLookup(port, lookup);
    client.emit('x', 1);
    await once(client, 'connect');
    expect((await arrived)[0]).toBe(1);
  });

  test.each([
    [
      'an error',
      (h, o, callback) => callback(Object.assign(new Error('no'), { code: 'E_MINE' })),
      'E_MINE',
    ],
    ['no IP address', (h, o, callback) => callback(null, 'nonsense', 4), 'ERR_INVALID_IP_ADDRESS'],
    ['an empty list', (h, o, callback) => callback(null, []), 'ERR_INVALID_IP_ADDRESS'],
  ])('a lookup that answers %s is an error event, then disconnect', async (name, lookup, code) => {
    const client = byLookup(1, lookup, { maxRetries: 0 });
    const [[error]] = await Promise.all([once(client, 'error'), once(client, 'destroy')]);
    expect(error).toMatchObject({ code });
  });

  test('disconnect while the look-up runs sends what was emitted, and ends (F6)', async () => {
    const { server, port } = await tcpServer();
    const arrived = once(server, 'x');
    let answer;
    const client = byLookup(port, (host, options, callback) => (answer = callback));
    const destroyed = once(client, 'destroy');
    client.emit('x', 1);
    client.leave();
    answer(null, '127.0.0.1', 4);
    expect((await arrived)[0]).toBe(1);
    await destroyed;
  });

  test.each([
    ['fails', (answer) => answer(new Error('no'))],
    ['finds nothing', (answer) => answer(null, [])],
    ['succeeds', (answer) => answer(null, '127.0.0.1', 4)],
  ])('disconnect while the look-up runs, which then %s: destroy comes (K10)', async (name, act) => {
    for (const message of [true, false]) {
      const port = await freePort(); // without a listener
      let answer;
      const client = byLookup(port, (host, options, callback) => (answer = callback));
      const destroyed = once(client, 'destroy');
      if (message) client.emit('x', 1);
      client.leave();
      act(answer);
      await destroyed;
    }
  });

  test('a socket destroyed while the look-up runs does not connect', async () => {
    const { server, port } = await tcpServer();
    let answer;
    const client = byLookup(port, (host, options, callback) => (answer = callback), {
      maxRetries: 0,
    });
    const destroyed = once(client, 'destroy');
    client.emit('x', 1);
    client.socket.destroy();
    answer(null, '127.0.0.1', 4);
    await destroyed;
    await world.meet(server, tcpPlace('127.0.0.1', port)); // would come second
    expect(server.sockets).toHaveLength(1);
  });
});

describe('addresses', () => {
  const several =
    (...list) =>
    (host, options, callback) =>
      callback(
        null,
        list.map((address) => ({ address, family: net.isIP(address) })),
      );

  test('are tried in turn until one answers', async () => {
    const { server, port } = await tcpServer();
    const connected = once(server, 'connect');
    const client = byLookup(port, several('127.0.0.3', '::1', '127.0.0.1'));
    const errors = [];
    client.on('error', (error) => errors.push(error));
    await once(client, 'connect');
    await connected;
    expect(client.socket.remoteAddress).toBe('127.0.0.1');
    expect(errors).toEqual([]);
  });

  test('that all fail are one AggregateError (K10)', async () => {
    const port = await freePort();
    const client = byLookup(port, several('127.0.0.1', '127.0.0.3'), { maxRetries: 0 });
    const [error] = await once(client, 'error');
    expect(error).toBeInstanceOf(AggregateError);
    expect(error).toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect' });
    expect(error.errors).toEqual([
      expect.objectContaining({ code: 'ECONNREFUSED', address: '127.0.0.1', port }),
      expect.objectContaining({ code: 'ECONNREFUSED', address: '127.0.0.3', port }),
    ]);
    expect(error.message).toContain('127.0.0.3');
    await once(client, 'destroy');
  });

  test('a name that does not exist is ENOTFOUND, as from net (K10)', async () => {
    const client = world.dial(tcpPlace('does-not-exist.invalid', 1), { maxRetries: 0 });
    const destroyed = once(client, 'destroy');
    const [error] = await once(client, 'error');
    expect(error).toMatchObject({ syscall: 'getaddrinfo', hostname: 'does-not-exist.invalid' });
    expect(['ENOTFOUND', 'EAI_AGAIN']).toContain(error.code);
    await destroyed;
  });

  test("a server's name that does not exist rejects start (F10)", async () => {
    const ipc = world.ipc();
    ipc.serveNet('does-not-exist.invalid', 1);
    const error = once(ipc.server, 'error');
    await expect(ipc.server.start()).rejects.toMatchObject({ syscall: 'getaddrinfo' });
    await error;
  });

  test('stop while the look-up of a server runs (F7)', async () => {
    const port = await freePort();
    const ipc = world.ipc();
    ipc.serveNet('localhost', port);
    const started = ipc.server.start();
    await ipc.server.stop({ disconnect: true });
    await expect(started).rejects.toMatchObject({ code: 'ERR_SERVER_NOT_RUNNING' });
    await ipc.server.start();
    await world.connect(tcpPlace('localhost', port));
  });

  test('IPv6', async () => {
    const probe = net.createServer().listen(0, '::1');
    const [failed] = await Promise.race([once(probe, 'error'), once(probe, 'listening')]);
    if (failed) return; // a machine without IPv6
    const { port } = probe.address();
    probe.close();
    await once(probe, 'close');
    const server = await world.serve(tcpPlace('::1', port));
    const connected = once(server, 'connect');
    const client = await world.connect(tcpPlace('::1', port));
    expect((await connected)[0]).toMatchObject({ remoteAddress: '::1', remoteFamily: 'IPv6' });
    expect(client.socket.address()).toMatchObject({ address: '::1', family: 'IPv6' });
    expect(server.server.address()).toEqual({ address: '::1', family: 'IPv6', port });
  });
});

test('ports may be strings, as net takes them', async () => {
  const port = String(await freePort());
  const server = await world.serve(tcpPlace('127.0.0.1', port));
  const arrived = collect(server, 'x', 1);
  const client = await world.connect(tcpPlace('127.0.0.1', port));
  client.emit('x', 1);
  expect(await arrived).toEqual([1]);
});

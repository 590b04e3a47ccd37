'use strict';
// Whatever goes wrong has a code of Node's or one of ours, never one of the binding's own, and a reason that users
// can do something with: calls with settings that only the engine can judge.

const { createWorld, freePort } = require('./helpers/world');
const { makeFamily } = require('./helpers/certificates');
const { onUnix } = require('./helpers/platform');

const world = createWorld();
const { server, ca } = makeFamily();

/** The first error of `act`, which gets an instance with this configuration: thrown, or as an event. */
function errorOf(config, act) {
  const ipc = world.ipc({ maxRetries: 0, ...config });
  return new Promise((resolve, reject) => {
    try {
      const bus = act(ipc) ?? ipc.of.x;
      bus.on('error', resolve);
      for (const good of ['connect', 'start']) bus.on(good, () => reject(new Error(good)));
    } catch (error) {
      resolve(error);
    }
  });
}

const connect = (host) => (ipc) => void ipc.connectToNet('x', host, 1);
const serve =
  (host, ...rest) =>
  (ipc) => {
    ipc.serveNet(host, 1, ...rest);
    ipc.server.start().catch(() => {});
    return ipc.server;
  };
const NO_ZONE = 'fe80::1%nosuch';

test.each([
  ['a zone that is not there, of a host', 'EINVAL', {}, connect(NO_ZONE)],
  ['a zone that is not there, to listen on', 'EINVAL', {}, serve(NO_ZONE)],
  ['a zone that is not there, to bind', 'EINVAL', {}, serve(NO_ZONE, 'udp6')],
  [
    'a zone that is not there, from a look-up',
    'EINVAL',
    { interface: { lookup: (name, options, done) => done(null, NO_ZONE, 6) } },
    connect('somewhere'),
  ],
  [
    'a zone that is not there, of the local address',
    'EINVAL',
    { interface: { localAddress: NO_ZONE } },
    connect('::1'),
  ],
  ...['a b', 'x..y', '-', 'ä.example', 'x'.repeat(300)].map((servername) => [
    `the server's name ${servername.slice(0, 10)}`,
    'ERR_FERRIPC_TLS_OPTION',
    { tls: { ca: ca.cert, servername } },
    connect('127.0.0.1'),
  ]),
  [
    'suites of another version',
    'ERR_FERRIPC_TLS_OPTION',
    {
      tls: {
        key: server.key,
        cert: server.cert,
        ciphers: 'ECDHE-RSA-AES128-GCM-SHA256',
        minVersion: 'TLSv1.3',
      },
    },
    serve('127.0.0.1'),
  ],
])('%s: %s', async (name, code, config, act) => {
  const error = await errorOf(config, act);
  expect(error).toBeInstanceOf(Error);
  expect(error.code).toBe(code);
  if (code === 'ERR_FERRIPC_TLS_OPTION') {
    expect(error.message).toMatch(/^config\.tls\.\w+ /);
    expect(error.message).toContain(`config.tls.${error.option} `);
  } else {
    expect(error).toMatchObject({ syscall: expect.any(String) });
  }
});

// Since libuv 1.51 (Node 24) it reports nothing, and a connection waits for ever.
test('a zone that is not there: as Node 22 reports it', async () => {
  const error = await errorOf({}, connect(NO_ZONE));
  const expected = { code: 'EINVAL', syscall: 'connect', address: NO_ZONE, port: 1 };
  expect(error).toMatchObject(expected);
});

onUnix.test('groups and interfaces of multicast', async () => {
  const ipc = world.ipc();
  ipc.serveNet('::1', await freePort('::1'), 'udp6');
  await ipc.server.start();
  const socket = ipc.server.server;
  for (const act of [
    () => socket.addMembership('ff02::1%nosuch'),
    () => socket.addMembership('ff02::1', '::%nosuch'),
    () => socket.setMulticastInterface('::%nosuch'),
  ]) {
    let error;
    try {
      act();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: 'EINVAL', syscall: expect.stringMatching(/M/) });
  }
});

'use strict';
// Handshakes that are begun and not finished: they count towards config.maxConnections as in node:tls, there is a bound
// without it, and a proper client is served as soon as there is room (K22, K23).

const net = require('node:net');
const tls = require('node:tls');
const { once } = require('./helpers/events');
const { createTlsWorld } = require('./helpers/tls');

const world = createTlsWorld();
const { serverTls, clientTls } = world;

const LIMIT = 5;
const STRANGERS = 40;

/** The beginning of a hello that goes on for 500 bytes. */
const HALF_A_HELLO = Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 1, 2, 3]);

/** What strangers do. */
const silent = () => {};
const halfway = (socket) => socket.write(HALF_A_HELLO);

/** So many sockets of node:net; `closed` counts those that the server has closed, `leave()` ends the others. */
async function strangers(place, count, act) {
  const sockets = [];
  const crowd = { closed: 0 };
  for (let n = 0; n < count; n++) {
    const socket = net.connect(place.options);
    world.after(() => socket.destroy());
    socket.on('error', () => {});
    socket.on('close', () => crowd.closed++);
    socket.on('data', () => {});
    socket.once('connect', () => act(socket));
    sockets.push(socket);
  }
  await Promise.all(
    sockets.map((socket) => Promise.race([once(socket, 'connect'), once(socket, 'close')])),
  );
  crowd.leave = () => sockets.forEach((socket) => socket.destroy());
  return crowd;
}

/** A proper client's attempt: 'served', or the code of its error. */
async function attempt(place) {
  const socket = tls.connect({ ...place.options, ...clientTls });
  world.after(() => socket.destroy());
  return new Promise((resolve) => {
    socket.on('error', ({ code }) => resolve(code));
    socket.once('secureConnect', () => resolve('served'));
  });
}

/** Resolves when `count` events of the type have come. */
const seen = (emitter, type, count) =>
  new Promise((resolve) => {
    emitter.on(type, () => {
      if (--count === 0) resolve();
    });
  });

/** A server at its limit, of node:tls or of ferripc. */
const servers = {
  async 'node:tls'(place) {
    const server = await world.nodeServer(place);
    server.maxConnections = LIMIT;
    return server;
  },
  async ferripc(place) {
    const made = await world.serve(place, { maxConnections: LIMIT });
    made.on('error', () => {});
    return made.server;
  },
};

describe.each(Object.entries(servers))('%s', (name, make) => {
  test.each([
    ['say nothing', silent],
    ['send half a hello', halfway],
  ])('strangers who %s count as connections until they leave', async (_, act) => {
    const place = await world.at();
    const server = await make(place);
    const told = [];
    server.on('drop', (peer) => told.push(peer));
    const dropped = seen(server, 'drop', STRANGERS - LIMIT);
    const crowd = await strangers(place, STRANGERS, act);
    await dropped;
    expect(told).toHaveLength(STRANGERS - LIMIT);
    expect(told[0]).toMatchObject({
      localAddress: '127.0.0.1',
      localPort: place.options.port,
      remoteAddress: '127.0.0.1',
      remotePort: expect.any(Number),
    });
    // A proper client is one more.
    const another = once(server, 'drop');
    expect(await attempt(place)).toBe('ECONNRESET');
    await another;
    expect(told).toHaveLength(STRANGERS - LIMIT + 1);

    const over = seen(server, 'tlsClientError', LIMIT);
    crowd.leave();
    await over;
    expect(await attempt(place)).toBe('served');
  });

  test('the limit can be changed while it is reached', async () => {
    const place = await world.at();
    const server = await make(place);
    const dropped = seen(server, 'drop', STRANGERS - LIMIT);
    await strangers(place, STRANGERS, halfway);
    await dropped;
    server.maxConnections = LIMIT + 1;
    expect(await attempt(place)).toBe('served');
    expect(await attempt(place)).toBe('ECONNRESET');
    server.maxConnections = undefined;
    expect(await attempt(place)).toBe('served');
  });
});

test('connections and handshakes have the limit together; each dropped one is an error event', async () => {
  const place = await world.at();
  const server = await world.serve(place, { maxConnections: LIMIT });
  const errors = [];
  server.on('error', (error) => errors.push(error.code));
  const dropped = seen(server.server, 'drop', 3);
  const { socket } = await world.meet(server, place);
  await world.meet(server, place);
  const crowd = await strangers(place, LIMIT - 2 + 3, halfway);
  await dropped;
  expect(errors).toEqual(Array(3).fill('ERR_FERRIPC_MAX_CONNECTIONS'));
  const client = world.dial(place, { maxRetries: Infinity });
  await once(client, 'error');
  const connected = once(client, 'connect');
  socket.destroy(); // there is room, and the client's next attempt finds it
  await connected;
  crowd.leave();
});

test('after handshakeTimeout there is room again', async () => {
  const place = await world.at();
  const server = await world.serve(place, {
    maxConnections: LIMIT,
    tls: { ...serverTls, handshakeTimeout: 300 },
  });
  server.on('error', () => {});
  const over = seen(server.server, 'tlsClientError', LIMIT);
  const crowd = await strangers(place, LIMIT, halfway);
  await over;
  await world.connect(place);
  while (crowd.closed < LIMIT) await new Promise(setImmediate);
});

test('without a limit, a thousand strangers keep nobody away: the oldest have to make room', async () => {
  const place = await world.at();
  const server = await world.serve(place, { maxConnections: Infinity });
  const codes = new Set();
  server.on('error', ({ code }) => codes.add(code));
  const crowd = await strangers(place, 1010, silent);
  const client = await world.connect(place, { maxRetries: 0 });
  const answer = once(server, 'x');
  client.emit('x', 1);
  expect((await answer)[0]).toBe(1);
  expect([...codes]).toEqual(['ERR_TLS_HANDSHAKE_TIMEOUT']);
  while (crowd.closed < 10) await new Promise(setImmediate);
  expect(crowd.closed).toBeLessThan(100);
});

test('a handshake that ends while the server stops leaves nothing behind', async () => {
  const place = await world.at();
  const server = await world.serve(place);
  const socket = net.connect(place.options);
  world.after(() => socket.destroy());
  await once(socket, 'connect');
  await world.connect(place); // so the one before it is accepted, too
  const stopped = server.stop({ disconnect: true });
  const secured = tls.connect({ ...clientTls, socket });
  secured.on('error', () => {});
  const closed = once(secured, 'close');
  await stopped;
  expect(server.sockets).toEqual([]);
  await closed;
  expect(server.sockets).toEqual([]);
});

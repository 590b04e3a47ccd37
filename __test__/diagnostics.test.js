'use strict';
// The channels of `node:diagnostics_channel` (`DiagnosticsChannels` in index.d.ts), and the debug log, which
// listens to them.

const diagnostics = require('node:diagnostics_channel');
const path = require('node:path');
const { channels } = require('../src/js/diagnostics/channels');
const { counter, once } = require('./helpers/events');
const { datagramPeer } = require('./helpers/datagrams');
const { createTlsWorld } = require('./helpers/tls');
const { createWorld } = require('./helpers/world');

const world = createWorld();
const tlsWorld = createTlsWorld();
const SECRET = 'the password is swordfish';

/** Everything on the channels whose names match, as `[name, message]`, until the test ends. */
function watch(pattern = /./) {
  const seen = [];
  for (const { name } of Object.values(channels)) {
    if (!pattern.test(name)) continue;
    const handler = (message) => seen.push([name.replace('ferripc:', ''), message]);
    diagnostics.channel(name).subscribe(handler);
    world.after(() => diagnostics.channel(name).unsubscribe(handler));
  }
  return seen;
}

const names = (seen) => seen.map(([name]) => name);

test('the life of a server, a client and their connection, in order', async () => {
  const place = await world.place('unix');
  const seen = watch();
  const server = await world.serve(place, { id: 'me' });
  server.on('ask', (data, socket) => server.emit(socket, 'answer', SECRET));
  const { client, socket } = await world.meet(server, place);
  const answered = once(client, 'answer');
  client.emit('ask', SECRET);
  await answered;
  const closed = once(server, 'socket.disconnected');
  client.leave();
  await closed;
  const ended = once(server.server, 'close');
  await server.stop();
  await ended;
  // Another suite in this process may have left a server that is about to close.
  const parties = { client, server };
  const of = (side) => seen.filter(([, message]) => message[side] === parties[side]);
  expect(names(of('client'))).toEqual([
    'client:connecting',
    'connection:open',
    'message:sent',
    'message:received',
    'connection:close',
    'client:destroy',
  ]);
  expect(names(of('server'))).toEqual([
    'server:listening',
    'connection:open',
    'message:received',
    'message:sent',
    'connection:close',
    'server:close',
  ]);
  const { path: address } = server;
  const transport = process.platform === 'win32' ? 'pipe' : 'unix';
  const about = { client, server: null, id: 'server', transport, address: client.path };
  const served = { client: null, server, id: 'me', transport, address };
  const size = (type) => JSON.stringify({ type, data: SECRET }).length;
  const [connecting, open, sent, received, close] = of('client').map(([, message]) => message);
  expect(connecting).toEqual({ ...about, socket: client.socket, retry: 0 });
  expect(open).toEqual({ ...about, socket: client.socket });
  const outgoing = { type: 'ask', bytes: size('ask'), direction: 'out' };
  expect(sent).toEqual({ ...about, socket: client.socket, peer: null, ...outgoing });
  const incoming = { type: 'answer', bytes: size('answer'), direction: 'in' };
  expect(received).toEqual({ ...about, socket: client.socket, peer: null, ...incoming });
  expect(close).toEqual({ ...about, socket: client.socket, hadError: false });
  const [listening, , arrived] = of('server').map(([, message]) => message);
  expect(listening).toEqual({ ...served, bound: address });
  expect(arrived).toMatchObject({ ...served, socket, type: 'ask', direction: 'in' });
});

test('attempts that fail: errors, retries, the end', async () => {
  const seen = watch(/client|error|dropped/);
  const client = world.dial(await world.place('tcp'), { maxRetries: 1, retry: 1 });
  client.emit('held', SECRET);
  await once(client, 'destroy');
  expect(names(seen)).toEqual([
    'client:connecting',
    'error',
    'client:retry',
    'client:connecting',
    'error',
    'message:dropped',
    'client:destroy',
  ]);
  expect(seen[1][1]).toMatchObject({ error: { code: 'ECONNREFUSED' }, transport: 'tcp' });
  expect(seen[1][1].address).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(seen[2][1]).toMatchObject({ delay: 1, retriesRemaining: 1 });
  expect(seen[3][1].retry).toBe(1);
  expect(seen[5][1]).toMatchObject({ type: 'held', direction: 'out', reason: 'down' });
});

test('messages held for the first connection are sent once, when it is up', async () => {
  const seen = watch(/sent|open/);
  const place = await world.place('unix');
  const client = world.dial(place);
  client.emit('early', 1);
  await once(client, 'disconnect');
  const server = world.host(place);
  const got = Promise.all([once(server, 'early'), once(client, 'connect')]);
  await server.start();
  await got;
  const mine = seen.filter(([, message]) => message.client === client);
  expect(names(mine)).toEqual(['connection:open', 'message:sent']);
});

test('what is dropped, and why; never what is in it', async () => {
  const seen = watch(/dropped|error|refuse/);
  const place = await world.place('unix');
  const server = await world.serve(place, { maxMessageBytes: 60, maxConnections: 1 });
  const peer = await world.peer(place);
  const errors = counter(server, 'error');
  peer.writeFrames(SECRET, JSON.stringify({ type: 5, data: SECRET }), SECRET.repeat(9));
  await errors.reaches(3);
  await world.peer(place);
  await errors.reaches(4);
  const length = SECRET.length;
  expect(seen.map(([name, { reason, bytes }]) => [name, reason, bytes])).toEqual([
    ['message:dropped', 'invalid', length],
    ['message:dropped', 'invalid', length + '{"type":5,"data":""}'.length],
    ['message:dropped', 'tooLarge', 9 * length],
    ['server:refuse', undefined, undefined],
  ]);
  for (const [, { client, server, socket, ...facts }] of seen) {
    expect([client, server.path, socket === undefined || socket.writable]).toBeDefined();
    expect(JSON.stringify(facts)).not.toContain('swordfish');
  }
});

test('raw mode has no types', async () => {
  const seen = watch(/message/);
  const place = await world.place('tcp');
  const server = await world.serve(place, { rawBuffer: true });
  const { client } = await world.meet(server, place, { rawBuffer: true });
  const got = once(server, 'data');
  client.emit(Buffer.from(SECRET));
  await got;
  const facts = { type: null, bytes: SECRET.length };
  expect(seen.map(([, message]) => message)).toMatchObject([
    { ...facts, direction: 'out' },
    { ...facts, direction: 'in' },
  ]);
});

test('UDP: peers in the place of sockets', async () => {
  const seen = watch(/message/);
  const ipc = world.ipc();
  ipc.serveNet('127.0.0.1', '0', 'udp4');
  const { server } = ipc;
  await server.start();
  const peer = await datagramPeer(world);
  const got = once(server, 'm');
  await peer.send(server, '{"type":"m","data":1}\f');
  const [, from] = await got;
  server.emit(from, 'answer', SECRET);
  await peer.next();
  const address = `127.0.0.1:${server.server.address().port}`;
  const about = { server, socket: null, transport: 'udp4', address };
  const { port } = peer;
  expect(seen.map(([name, message]) => [name, message])).toMatchObject([
    ['message:received', { ...about, type: 'm', peer: { address: '127.0.0.1', port } }],
    ['message:sent', { ...about, type: 'answer', peer: { address: '127.0.0.1', port } }],
  ]);
});

test('bytes are those of the message on every transport, without the delimiter', async () => {
  const own = JSON.stringify({ type: 'm', data: SECRET }).length;
  const there = async (kind) => {
    const place = await world.place(kind);
    const server = await world.serve(place);
    const { client } = await world.meet(server, place);
    const got = once(server, 'm');
    client.emit('m', SECRET);
    await got;
  };
  const byDatagrams = async () => {
    const [here, peer] = [
      world.ipc({ delimiter: '\r\n\r\n' }),
      world.ipc({ delimiter: '\r\n\r\n' }),
    ];
    for (const ipc of [here, peer]) {
      ipc.serveNet('127.0.0.1', '0', 'udp4');
      await ipc.server.start();
    }
    const got = once(here.server, 'm');
    const to = here.server.server.address();
    peer.server.emit(to, 'm', SECRET); // to an address
    const [, from] = await got;
    const answered = once(peer.server, 'm');
    here.server.broadcast('m', SECRET);
    await answered;
    const host = once(here.server, 'm');
    peer.server.emit({ address: 'localhost', port: to.port }, 'm', SECRET); // after a look-up
    await host;
    await peer.server.stop();
    peer.server.emit(from, 'm', SECRET);
  };
  const seen = watch(/message/);
  await there('unix');
  await there('tcp');
  await byDatagrams();
  expect(new Set(seen.map(([name]) => name)).size).toBe(3);
  expect(seen.map(([, { bytes }]) => bytes)).toEqual(seen.map(() => own));
});

test('TLS: the connection is open when the handshake is over', async () => {
  const seen = watch(/open/);
  const place = await tlsWorld.at();
  const server = await tlsWorld.serve(place);
  await tlsWorld.meet(server, place);
  expect(seen).toHaveLength(2);
  for (const [, { socket, transport }] of seen) {
    expect([transport, socket.getProtocol()]).toEqual(['tls', 'TLSv1.3']);
  }
});

test('a subscriber that leaves within its call disturbs nobody', async () => {
  const place = await world.place('unix');
  for (const { name } of Object.values(channels)) {
    const leave = () => diagnostics.channel(name).unsubscribe(leave);
    diagnostics.channel(name).subscribe(leave);
    world.after(leave);
  }
  const server = await world.serve(place);
  const { client } = await world.meet(server, place);
  const got = once(server, 'm');
  client.emit('m', 1);
  expect((await got)[0]).toBe(1);
});

test('a subscriber that throws disturbs nobody; two copies of the package publish on the same channels', async () => {
  const { code, lines, stderr } = await world.child('diagnostics.js', [world.socketPath()]).exited;
  expect([code, stderr]).toEqual([0, '']);
  const result = lines.at(-1);
  expect(result.answers).toEqual([1, 2, 3]);
  expect(result.sent).toBe(6); // 3 of each copy
  // Every message on the channel, and all of them in later turns.
  expect(result.uncaught).toBe(6);
});

describe('NODE_DEBUG=ferripc', () => {
  const run = (env, args) => world.child('debug.js', args, { env }).exited;

  test('a line for each event, without payloads', async () => {
    const place = world.socketPath();
    const { code, stderr } = await run({ NODE_DEBUG: 'ferripc' }, [place, SECRET]);
    expect(code).toBe(0);
    expect(stderr).not.toContain('swordfish');
    const lines = stderr.trim().split('\n');
    for (const line of lines) expect(line).toMatch(/^FERRIPC \d+: \+\d+\.\d /);
    const kind = process.platform === 'win32' ? 'pipe' : 'unix';
    const has = (text) => expect(lines.filter((line) => line.includes(text))).not.toEqual([]);
    const { file } = require('../src/js/engine/native').loaded();
    has(`engine start: `);
    has(` driver, ${require('../package.json').version}, ${file ?? 'no binary'}`);
    has(`server debug ${kind} ${place}: listening`);
    has(`client world ${kind} ${place}: connecting`);
    has(`client world ${kind} ${place}: connection open`);
    has(`sent 'ask' ${JSON.stringify({ type: 'ask', data: SECRET }).length} B`);
    has(`received 'ask'`);
    has(`received 'answer'`);
    has('dropped incoming bytes 25 B: invalid');
    has('connection closed, ');
    has('ended, no retry');
  });

  test('with TLS: version and cipher', async () => {
    const certificates = path.join(__dirname, 'helpers', 'certificates.js');
    const env = { NODE_DEBUG: 'ferripc' };
    const { code, stderr } = await run(env, ['tls', SECRET, certificates]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/connection open.*, TLSv1\.3 TLS_AES_\w+, peer authorized/);
    expect(stderr).not.toContain('swordfish');
  });

  test.each([undefined, 'http,net'])('is silent for NODE_DEBUG=%s', async (value) => {
    const env = { NODE_DEBUG: value ?? '' };
    const { code, stderr } = await run(env, [world.socketPath(), SECRET]);
    expect(code).toBe(0);
    expect(stderr).not.toContain('FERRIPC');
  });
});

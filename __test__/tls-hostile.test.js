'use strict';
// Peers that do not keep to the rules of TLS, or do not speak it: each is an error with a code, and
// nobody else is disturbed (K22). What ends a handshake ends with it, also as a process or a worker.

const net = require('node:net');
const tls = require('node:tls');
const { counter, once, record } = require('./helpers/events');
const { isScript } = require('./helpers/platform');
const { createTlsWorld, outcome } = require('./helpers/tls');

const world = createTlsWorld();
const { serverTls, clientTls } = world;

/** A record's header, and as many bytes as are given. */
const tlsRecord = (type, length, bytes = []) =>
  Buffer.from([type, 3, 1, length >> 8, length & 0xff, ...bytes]);

/** The first bytes that a client of node:tls sends. */
async function clientHello() {
  const server = net.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const client = tls.connect({ port: server.address().port, host: '127.0.0.1' });
  client.on('error', () => {});
  const [socket] = await accepted;
  const [hello] = await once(socket, 'data');
  client.destroy();
  socket.destroy();
  server.close();
  return hello;
}

/** A server with a client that is well, which has to stay so. */
async function host(config) {
  const place = await world.at();
  const server = await world.serve(place, config);
  server.on('echo', (data, socket) => server.emit(socket, 'echo', data));
  const client = await world.connect(place);
  const isWell = async () => {
    const answer = once(client, 'echo');
    client.emit('echo', 'still here');
    expect((await answer)[0]).toBe('still here');
    const another = await world.connect(place);
    another.leave();
  };
  return { place, server, isWell };
}

describe('a server', () => {
  const NOT_TLS = 'ERR_SSL_WRONG_VERSION_NUMBER';

  test.each([
    ['words', 'hello, server\f', NOT_TLS],
    ['a request for a web page', 'GET / HTTP/1.1\r\nhost: x\r\n\r\n', NOT_TLS],
    ['zeros', Buffer.alloc(1000), NOT_TLS],
    ['noise', Buffer.alloc(100_000, 0xa5), NOT_TLS],
    ['a record of a length that is not allowed', tlsRecord(22, 0xffff), NOT_TLS],
    ['data before any handshake', tlsRecord(23, 1, [0]), /^ERR_SSL_/],
    ['an alert before any handshake', tlsRecord(21, 2, [2, 40]), /ALERT_HANDSHAKE_FAILURE$/],
    ['a hello that is nonsense', tlsRecord(22, 8, [1, 0, 0, 4, 9, 9, 9, 9]), /^ERR_SSL_|EPROTO/],
    ['a hello of 16 MB', tlsRecord(22, 4, [1, 0xff, 0xff, 0xff]), /^ERR_SSL_|EPROTO/],
  ])('that gets %s', async (_, bytes, code) => {
    const { place, server, isWell } = await host();
    const error = once(server, 'error');
    const early = once(server.server, 'tlsClientError');
    let failures = 0;
    server.on('error', () => failures++);
    const peer = await world.peer(place);
    peer.write(bytes);
    // OpenSSL looks closer at what it does not understand.
    expect((await error)[0].code).toMatch(isScript ? /^ERR_SSL_|EPROTO/ : code);
    expect((await early)[0]).toBe((await error)[0]);
    await peer.closed;
    await isWell();
    expect(failures).toBe(1);
  });

  test('that gets messages, and then nonsense, at once', async () => {
    const { place, server, isWell } = await host();
    const heard = counter(server, 'm');
    const error = once(server, 'error');
    const socket = net.connect(place.options);
    world.after(() => socket.destroy());
    const secured = tls.connect({ socket, ...clientTls, servername: 'localhost' });
    secured.on('error', () => {});
    await once(secured, 'secureConnect');
    secured.write('{"type":"m","data":1}\f'.repeat(10));
    socket.write('nonsense');
    expect((await error)[0].code).toMatch(NOT_TLS);
    expect(heard.count).toBe(10);
    await isWell();
  });

  test('that gets half a hello and then the end', async () => {
    const { place, server, isWell } = await host();
    const hello = await clientHello();
    for (const length of [0, 3, 100, hello.length]) {
      const error = once(server, 'error');
      const peer = await world.peer(place);
      peer.write(hello.subarray(0, length));
      peer.socket.end();
      expect((await error)[0]).toMatchObject({ code: 'ECONNRESET', message: 'socket hang up' });
    }
    await isWell();
  });

  test('that gets a hello and then a reset', async () => {
    const { place, server, isWell } = await host();
    const error = once(server, 'error');
    const peer = await world.peer(place);
    peer.write(await clientHello());
    await once(peer.socket, 'data');
    peer.socket.resetAndDestroy();
    expect((await error)[0].code).toBe('ECONNRESET');
    await isWell();
  });

  test('that hears nothing serves others meanwhile, and gives up after handshakeTimeout', async () => {
    const { place, server, isWell } = await host({ tls: { ...serverTls, handshakeTimeout: 400 } });
    const error = once(server, 'error');
    const silent = await Promise.all(Array.from({ length: 20 }, () => world.peer(place)));
    await isWell();
    expect((await error)[0]).toMatchObject({
      code: 'ERR_TLS_HANDSHAKE_TIMEOUT',
      message: 'TLS handshake timeout',
    });
    await Promise.all(silent.map((peer) => peer.closed));
    await isWell();
  });

  test('whose client sends noise after the handshake', async () => {
    const { place, server, isWell } = await host();
    const raw = net.connect(place.options);
    const peer = await world.nodeClient(place, { socket: raw });
    expect(await peer.ask('echo', 1)).toEqual({ type: 'echo', data: 1 });
    const gone = once(server, 'socket.disconnected');
    const error = once(server, 'error');
    raw.write(Buffer.alloc(10_000, 0x17)); // the length of the record: 0x1717
    expect((await error)[0].code).toMatch(/^ERR_SSL_/);
    await gone;
    await peer.closed;
    await isWell();
  });

  test('whose client asks to renegotiate', async () => {
    const { place, isWell } = await host();
    const peer = await world.nodeClient(place, { maxVersion: 'TLSv1.2' });
    expect(await peer.ask('echo', 1)).toEqual({ type: 'echo', data: 1 });
    for (let i = 0; i < 10; i++) peer.socket.renegotiate({}, () => {});
    await isWell();
  });
});

describe('a client', () => {
  const dial = (place, config) => world.dial(place, config);

  test.each([
    ['words', 'welcome to something else\r\n', 'ERR_SSL_WRONG_VERSION_NUMBER'],
    ['noise', Buffer.alloc(100_000, 0x5a), 'ERR_SSL_WRONG_VERSION_NUMBER'],
    ['an alert', tlsRecord(21, 2, [2, 80]), 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR'],
    ['data before any handshake', tlsRecord(23, 1, [0]), /^ERR_SSL_/],
  ])('that gets %s', async (_, bytes, code) => {
    const place = await world.place('tcp');
    const raw = await world.rawServer(place);
    const client = dial(place);
    const error = once(client, 'error');
    const events = record(client);
    (await raw.next()).write(bytes);
    expect((await error)[0].code).toMatch(code);
    await once(client, 'destroy');
    expect(events.map(([type]) => type)).toEqual(['error', 'disconnect', 'destroy']);
  });

  test('whose server hangs up during the handshake', async () => {
    const place = await world.place('tcp');
    const raw = await world.rawServer(place);
    const client = dial(place);
    const error = once(client, 'error');
    (await raw.next()).socket.end();
    expect((await error)[0]).toMatchObject({
      code: 'ECONNRESET',
      message: 'Client network socket disconnected before secure TLS connection was established',
    });
  });

  test('whose server is silent gives up after handshakeTimeout', async () => {
    const place = await world.place('tcp');
    await world.rawServer(place);
    const reason = await outcome(dial(place, { tls: { ...clientTls, handshakeTimeout: 50 } }));
    expect(reason.code).toBe('ERR_TLS_HANDSHAKE_TIMEOUT');
  });

  test('that leaves during the handshake is gone at once', async () => {
    const place = await world.place('tcp');
    const raw = await world.rawServer(place);
    const client = dial(place);
    const peer = await raw.next();
    const destroyed = once(client, 'destroy');
    client.leave();
    await Promise.all([destroyed, peer.closed]);
  });
});

describe('a process', () => {
  test.each([
    ['done', 1_000_000],
    ['waiting', 'stopped'],
    ['terminate', 'survived'],
  ])('%s: ends by itself, and in good health', async (mode, result) => {
    expect(await world.child('tls-life.js', [mode]).exited).toEqual({
      code: 0,
      signal: null,
      lines: [result],
      stderr: '',
    });
  });
});

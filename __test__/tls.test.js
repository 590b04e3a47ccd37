'use strict';
// TLS as users meet it (K22, F15): configuration, sockets, messages, ends, peers of other kinds.

const fs = require('node:fs');
const net = require('node:net');
const { counter, once, record } = require('./helpers/events');
const { createTlsWorld } = require('./helpers/tls');

const world = createTlsWorld();
const { family, serverTls, clientTls, mutual } = world;

const BIG = 32 * 1024 * 1024;

/** Answers 'echo' with the same data. */
function echoing(server) {
  server.on('echo', (data, socket) => server.emit(socket, 'echo', data));
  return server;
}

async function echo(client, data) {
  const answer = once(client, 'echo');
  client.emit('echo', data);
  return (await answer)[0];
}

/** The family in files, as node-ipc has it. */
function files() {
  const paths = {};
  for (const [name, text] of [
    ['ca', family.ca.cert],
    ['serverKey', family.server.key],
    ['serverCert', family.server.cert],
    ['clientKey', family.client.key],
    ['clientCert', family.client.cert],
  ]) {
    paths[name] = world.file(name);
    fs.writeFileSync(paths[name], text);
  }
  return paths;
}

describe('config.tls', () => {
  test('with file names, as in node-ipc: both sides know each other (K22)', async () => {
    const place = await world.at();
    const paths = files();
    const tls = { private: paths.serverKey, public: paths.serverCert, requestCert: true };
    const server = echoing(
      await world.serve(place, { tls: { ...tls, trustedConnections: paths.ca } }),
    );
    const { client, socket } = await world.meet(server, place, {
      tls: {
        private: paths.clientKey,
        public: paths.clientCert,
        trustedConnections: [paths.ca, paths.clientCert],
      },
    });
    expect(await echo(client, { a: 'ü' })).toEqual({ a: 'ü' });
    expect(client.socket).toMatchObject({ encrypted: true, authorized: true });
    expect(socket).toMatchObject({ encrypted: true, authorized: true, authorizationError: null });
    expect(socket.getPeerCertificate().subject.CN).toBe('client');
    expect(client.socket.getPeerCertificate().subject.CN).toBe('localhost');
  });

  test('is never changed, and serves for a second start and another client (F15)', async () => {
    const place = await world.at();
    const paths = files();
    const config = {
      tls: {
        private: paths.serverKey,
        public: paths.serverCert,
        trustedConnections: paths.ca,
        dhparam: paths.ca,
      },
    };
    const frozen = Object.freeze({ ...config.tls });
    const server = await world.serve(place, { tls: frozen });
    await world.connect(place, { tls: frozen });
    await server.stop({ disconnect: true });
    await server.start();
    await world.connect(place, { tls: frozen });
    expect(frozen).toEqual(config.tls);
  });

  test('files are read anew by each start: renewed certificates are used (F15)', async () => {
    const place = await world.at();
    const paths = files();
    const tls = { private: paths.serverKey, public: paths.serverCert };
    const server = await world.serve(place, { tls });
    await server.stop();
    fs.writeFileSync(paths.serverKey, family.client.key);
    fs.writeFileSync(paths.serverCert, family.client.cert);
    await server.start();
    const client = await world.connect(place, { tls: { ...clientTls, checkServerIdentity() {} } });
    expect(client.socket.getPeerCertificate().subject.CN).toBe('client');
  });

  test('applies to a server on a path, but not to clients of a path, as in node-ipc', async () => {
    const place = await world.place('unix');
    const server = await world.serve(place);
    const refused = once(server, 'error');
    const client = world.dial(place);
    await once(client, 'connect');
    expect(client.socket.encrypted).toBeUndefined();
    client.emit('plain', 1);
    expect((await refused)[0]).toMatchObject({ code: 'ERR_SSL_WRONG_VERSION_NUMBER' });
    const peer = await world.nodeClient(place, { checkServerIdentity() {} });
    const [[data]] = await Promise.all([once(server, 'hello'), peer.send('hello', 5)]);
    expect(data).toBe(5);
  });

  test('is shown by the log without secrets', async () => {
    const place = await world.at();
    const lines = [];
    const config = { silent: false, logger: (line) => lines.push(line) };
    await world.serve(place, config);
    await world.connect(place, { ...config, tls: { ...mutual.client, passphrase: 'open sesame' } });
    const log = lines.join('\n');
    expect(log).toContain('Connecting client via TLS to');
    expect(log).toContain('starting server as TLS');
    expect(log).not.toMatch(/PRIVATE|sesame/);
  });
});

describe('sockets', () => {
  test('are net.Sockets that answer what tls.TLSSocket answers, on both sides', async () => {
    const place = await world.at();
    const tls = { ...serverTls, ALPNProtocols: ['x', 'ipc'] };
    const server = await world.serve(place, { tls });
    const secured = once(server.server, 'secureConnection');
    const { client, socket } = await world.meet(server, place, {
      tls: { ...clientTls, servername: 'localhost', ALPNProtocols: ['ipc'] },
    });
    expect((await secured)[0]).toBe(socket);
    expect(client.socket).toBeInstanceOf(net.Socket);
    const theirs = (
      await world.nodeClient(place, { servername: 'localhost', ALPNProtocols: ['ipc'] })
    ).socket;
    for (const name of [
      'encrypted',
      'authorized',
      'authorizationError',
      'alpnProtocol',
      'servername',
    ]) {
      expect([name, client.socket[name]]).toEqual([name, theirs[name]]);
    }
    expect(client.socket.getProtocol()).toBe(theirs.getProtocol());
    expect(client.socket.getCipher()).toEqual(theirs.getCipher());
    for (const detailed of [false, true]) {
      expect(client.socket.getPeerCertificate(detailed)).toEqual(
        theirs.getPeerCertificate(detailed),
      );
    }
    expect(socket).toMatchObject({
      authorized: false,
      servername: 'localhost',
      alpnProtocol: 'ipc',
    });
    expect(socket.getPeerCertificate()).toEqual({});
    expect(socket.remotePort).toBe(client.socket.localPort);
  });

  test('without TLS know nothing of encryption', async () => {
    const place = await world.place('tcp');
    const server = await world.serve(place, { tls: false });
    const { client, socket } = await world.meet(server, place, { tls: false });
    expect('encrypted' in client.socket || 'encrypted' in socket).toBe(false);
  });

  test.each(['TLSv1.2', 'TLSv1.3'])('speak %s', async (version) => {
    const place = await world.at();
    const server = echoing(await world.serve(place));
    const { client, socket } = await world.meet(server, place, {
      tls: { ...clientTls, maxVersion: version },
    });
    expect(await echo(client, 'over it')).toBe('over it');
    expect([client.socket.getProtocol(), socket.getProtocol()]).toEqual([version, version]);
    const theirs = (await world.nodeClient(place, { maxVersion: version })).socket;
    expect(client.socket.getCipher()).toEqual(theirs.getCipher());
  });
});

describe('messages', () => {
  test(`of ${BIG} bytes arrive whole in both directions, and drain is told`, async () => {
    const place = await world.at();
    const server = echoing(await world.serve(place));
    const client = await world.connect(place);
    const data = 'x'.repeat(BIG);
    const [answer, drained] = [once(client, 'echo'), once(client, 'drain')];
    expect(client.emit('echo', data)).toBe(false);
    await drained;
    expect((await answer)[0] === data).toBe(true);
    expect(server.sockets[0].bytesRead).toBeGreaterThan(BIG);
  });

  test('many small ones keep their order in both directions', async () => {
    const place = await world.at();
    const server = echoing(await world.serve(place));
    const client = await world.connect(place);
    const COUNT = 20_000;
    const seen = [];
    const all = new Promise((resolve) => {
      client.on('echo', (n) => {
        seen.push(n);
        if (seen.length === COUNT) resolve();
      });
    });
    for (let n = 0; n < COUNT; n++) client.emit('echo', n);
    await all;
    expect(seen.every((n, index) => n === index)).toBe(true);
    expect(server.sockets.length).toBe(1);
  });

  test('what is emitted before the connection is up, and then disconnect, is delivered (F6, K3)', async () => {
    const place = await world.at();
    const server = await world.serve(place);
    const arrived = once(server, 'last');
    const client = world.dial(place);
    client.emit('last', 'x'.repeat(1_000_000));
    client.leave();
    expect((await arrived)[0].length).toBe(1_000_000);
  });

  test('emit then disconnect delivers (F6), and ends both sides in order (K10)', async () => {
    const place = await world.at();
    const server = await world.serve(place);
    const gone = once(server, 'socket.disconnected');
    const arrived = once(server, 'last');
    const errors = [];
    server.on('error', (error) => errors.push(error));
    const client = await world.connect(place);
    const events = [];
    for (const type of ['disconnect', 'destroy', 'error']) client.on(type, () => events.push(type));
    const destroyed = once(client, 'destroy');
    client.emit('last', 'x'.repeat(4_000_000));
    client.leave();
    expect((await arrived)[0].length).toBe(4_000_000);
    await Promise.all([gone, destroyed]);
    expect([events, errors]).toEqual([['disconnect', 'destroy'], []]);
  });

  test('raw mode carries bytes as they are (K14)', async () => {
    const place = await world.at();
    const server = await world.serve(place, { rawBuffer: true });
    const all = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
    const client = await world.connect(place, { rawBuffer: true });
    const seen = [];
    const received = new Promise((resolve) => {
      server.on('data', (bytes) => {
        seen.push(bytes);
        if (Buffer.concat(seen).length === all.length) resolve();
      });
    });
    client.emit(all);
    await received;
    expect(Buffer.concat(seen)).toEqual(all);
  });

  test('users read and write the sockets themselves', async () => {
    const place = await world.at();
    const server = await world.serve(place);
    const { client, socket } = await world.meet(server, place);
    const chunk = once(client.socket, 'data');
    socket.write('by hand');
    expect(String((await chunk)[0])).toBe('by hand');
    const ended = once(socket, 'end');
    client.socket.end();
    await ended;
  });

  test('a paused reader holds a fast writer back, and gets everything on resume', async () => {
    const place = await world.at();
    const server = await world.serve(place);
    const { client, socket } = await world.meet(server, place);
    socket.pause();
    const SIZE = 16 * 1024 * 1024;
    client.emit('big', 'x'.repeat(SIZE));
    const arrived = once(server, 'big');
    expect(client.socket.writableLength).toBeGreaterThan(0);
    socket.resume();
    expect((await arrived)[0].length).toBe(SIZE);
  });
});

describe('a server', () => {
  test('that stops with disconnect sends what was emitted and ends everybody (F7)', async () => {
    const place = await world.at();
    const server = await world.serve(place);
    const known = counter(server, 'connect').reaches(5);
    const clients = await Promise.all(Array.from({ length: 5 }, () => world.connect(place)));
    const arrived = clients.map((client) => once(client, 'bye'));
    const gone = clients.map((client) => once(client, 'disconnect'));
    await known;
    server.broadcast('bye', 'x'.repeat(500_000));
    await server.stop({ disconnect: true });
    for (const [data] of await Promise.all(arrived)) expect(data.length).toBe(500_000);
    await Promise.all(gone);
    expect(server.sockets).toEqual([]);
  });

  test('counts maxConnections, and drops with an error (K23, F16)', async () => {
    const place = await world.at();
    const server = await world.serve(place, { maxConnections: 1 });
    await world.meet(server, place);
    const error = once(server, 'error');
    world.dial(place);
    expect((await error)[0]).toMatchObject({ code: 'ERR_FERRIPC_MAX_CONNECTIONS' });
  });

  test('takes 200 connections at once', async () => {
    const place = await world.at();
    const server = echoing(await world.serve(place, { maxConnections: 1000 }));
    const clients = await Promise.all(Array.from({ length: 200 }, () => world.connect(place)));
    const answers = await Promise.all(clients.map((client, index) => echo(client, index)));
    expect(answers).toEqual(clients.map((_, index) => index));
    expect(server.sockets.length).toBe(200);
  });
});

describe('an error', () => {
  // As OpenSSL calls them.
  test.each([
    [40, 'sslv3 alert handshake failure'],
    [60, 'tlsv1 alert export restriction'],
    [111, 'tlsv1 certificate unobtainable'],
    [113, 'tlsv1 bad certificate status response'],
    [114, 'tlsv1 bad certificate hash value'],
  ])('of alert %i has its name and number, and nothing of a source file', async (number, name) => {
    const place = await world.at();
    const raw = await world.rawServer(place);
    const error = once(world.dial(place), 'error');
    (await raw.next()).write(Buffer.from([21, 3, 3, 0, 2, 2, number]));
    expect((await error)[0]).toMatchObject({
      code: `ERR_SSL_${name.toUpperCase().replaceAll(' ', '_')}`,
      message: `${name} (SSL alert number ${number})`,
    });
  });

  test('of an alert that follows the handshake is no different', async () => {
    const place = await world.at();
    await world.nodeServer(place, { ...mutual.server, minVersion: 'TLSv1.3' });
    expect((await once(world.dial(place), 'error'))[0]).toMatchObject({
      code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
      message: 'tlsv13 alert certificate required (SSL alert number 116)',
    });
  });

  test('of a reset during the handshake is that of a read, on both sides', async () => {
    const reset = { code: 'ECONNRESET', syscall: 'read', message: 'read ECONNRESET' };
    const place = await world.at();
    const heard = once(await world.serve(place), 'error');
    (await world.peer(place)).socket.resetAndDestroy();
    expect((await heard)[0]).toMatchObject(reset);
    const theirs = await world.at();
    const raw = await world.rawServer(theirs);
    const error = once(world.dial(theirs), 'error');
    const { socket } = await raw.next();
    await once(socket, 'data');
    socket.resetAndDestroy();
    expect((await error)[0]).toMatchObject(reset);
  });
});

describe('node:tls on the other side', () => {
  test.each(['TLSv1.2', 'TLSv1.3'])('as client, %s, mutual', async (version) => {
    const place = await world.at();
    const server = echoing(await world.serve(place, { tls: mutual.server }));
    const gone = once(server, 'socket.disconnected');
    const peer = await world.nodeClient(place, { ...mutual.client, maxVersion: version });
    peer.send('echo', [1]);
    expect(await peer.message()).toEqual({ type: 'echo', data: [1] });
    expect(server.sockets[0].authorized).toBe(true);
    peer.socket.end();
    await gone;
  });

  test.each(['TLSv1.2', 'TLSv1.3'])('as server, %s, mutual', async (version) => {
    const place = await world.at();
    const node = await world.nodeServer(place, { ...mutual.server, maxVersion: version });
    const accepted = once(node, 'secureConnection');
    const client = await world.connect(place, { tls: mutual.client });
    const [socket] = await accepted;
    expect(socket.authorized).toBe(true);
    expect(socket.getPeerCertificate().subject.CN).toBe('client');
    const ended = once(socket, 'end');
    socket.pipe(socket);
    expect(await echo(client, { n: 1 })).toEqual({ n: 1 });
    client.leave();
    await ended;
  });

  test('a connection that ends without close_notify is an ordinary end', async () => {
    const place = await world.at();
    const server = await world.serve(place);
    const events = record(server);
    const gone = once(server, 'socket.disconnected');
    const raw = net.connect(place.options);
    const peer = await world.nodeClient(place, { socket: raw });
    await peer.send('hello', 1);
    await once(server, 'hello');
    raw.end();
    await gone;
    expect(events.filter(([type]) => type === 'error')).toEqual([]);
  });
});

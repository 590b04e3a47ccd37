'use strict';
// What users' own calls on a socket come to around its beginning and its end, on both sides of every transport,
// each beside the same with a socket of Node's.

const fs = require('node:fs');
const net = require('node:net');
const { createWorld, KINDS } = require('./helpers/world');
const { TRANSPORTS, transport } = require('./helpers/transports');
const { once, counter } = require('./helpers/events');
const { thrownBy } = require('./helpers/thrown');
const { onLinux } = require('./helpers/platform');

const world = createWorld();

const LARGE = Buffer.alloc(24 << 20); // more than the buffers on the way hold
const sides = TRANSPORTS.flatMap((name) => ['server', 'client'].map((side) => [side, name]));

/** A pair of Node's: `socket` is to be compared with ours, `peer` is at the other end. */
async function theirs(side, name) {
  const { place, listen, dial, up } = transport(name, world);
  const at = await place();
  const accepted = [];
  let arrived = (socket) => accepted.push(socket);
  await listen(at, (socket) => arrived(socket));
  const client = dial(at);
  client.on('error', () => {});
  await once(client, up);
  const server =
    accepted[0] ?? (await new Promise((resolve) => (arrived = (socket) => resolve(socket))));
  return side === 'server' ? { socket: server, peer: client } : { socket: client, peer: server };
}

/** Our socket, what it belongs to, and a peer of Node's. */
async function ours(side, name, config) {
  const { place, server, client, listen, dial, up } = transport(name, world);
  const at = await place();
  if (side === 'server') {
    const bus = await world.serve(at, { ...server, ...config });
    const connected = once(bus, 'connect');
    const peer = dial(at);
    peer.on('error', () => {});
    await once(peer, up);
    const [socket] = await connected;
    return { bus, socket, peer, emit: (...message) => bus.emit(socket, ...message) };
  }
  let arrived;
  const there = new Promise((resolve) => (arrived = resolve));
  await listen(at, arrived);
  const bus = await world.connect(at, { ...client, maxRetries: 0, ...config });
  const peer = await there;
  return { bus, socket: bus.socket, peer, emit: (...message) => bus.emit(...message) };
}

/** What a socket's callbacks and events tell, as a list. */
function observed(socket) {
  const log = [];
  socket.on('error', ({ code }) => log.push(`error ${code}`));
  const closed = once(socket, 'close').then(() => log.push('close'));
  const heard = (name) => (error) => log.push(error ? name : `${name} without an error`);
  return { log, closed, heard };
}

describe.each(sides)('a socket of the %s, %s', (side, name) => {
  const pairs = () => Promise.all([ours(side, name), theirs(side, name)]);

  test('destroyed while it writes: every callback has an error, and nothing is left', async () => {
    const [mine, node] = await pairs();
    for (const { socket, peer } of [mine, node]) {
      peer.pause();
      const { log, closed, heard } = observed(socket);
      let code;
      socket.write(LARGE, heard('first'));
      socket.write(LARGE, (error) => {
        ({ code } = error);
        heard('second')(error);
      });
      socket.end('x', heard('end'));
      await new Promise(setImmediate);
      socket.destroy();
      log.push('destroyed');
      await closed;
      await new Promise(setImmediate);
      expect(socket.writableLength).toBe(0);
      if (socket !== mine.socket) continue; // in Node the first, whose bytes are lost, may have none
      expect(log).toEqual(['destroyed', 'first', 'second', 'end', 'close']);
      expect(code).toBe('ERR_STREAM_DESTROYED');
    }
  });

  test('the peer is gone while it writes: callbacks have an error, and nothing is left', async () => {
    const [mine, node] = await pairs();
    const logs = [];
    for (const { socket, peer } of [mine, node]) {
      peer.pause();
      const { log, closed, heard } = observed(socket);
      socket.write(LARGE, heard('first'));
      socket.write(LARGE, heard('second'));
      await new Promise(setImmediate);
      peer.destroy();
      await closed;
      expect(socket.writableLength).toBe(0);
      logs.push(log);
    }
    expect(logs[0].filter((line) => !/^error/.test(line))).toEqual(['first', 'second', 'close']);
    expect(logs[0][0]).toMatch(/^error (EPIPE|ECONNRESET)$/);
    expect(logs[1]).toContain('second');
  });

  test('corked and destroyed: the callback has an error', async () => {
    const { socket } = await ours(side, name);
    const { log, closed, heard } = observed(socket);
    socket.cork();
    socket.write('a', heard('corked'));
    socket.destroy();
    await closed;
    expect(log).toEqual(['corked', 'close']);
    expect(socket.writableLength).toBe(0);
  });

  test('what users wrote and what they emitted after it is sent before the end (F6)', async () => {
    const { bus, socket, peer, emit } = await ours(side, name);
    peer.removeAllListeners('data');
    socket.write(LARGE);
    socket.write('own');
    emit('last', 1);
    const chunks = [];
    peer.on('data', (chunk) => chunks.push(chunk));
    const ended = once(peer, 'end');
    if (side === 'server') await bus.stop({ disconnect: true });
    else bus.leave();
    await ended;
    const received = Buffer.concat(chunks);
    expect(received.subarray(LARGE.length).toString()).toBe('own{"type":"last","data":1}\f');
  });

  test('its addresses when it is closed are those that net gives', async () => {
    const [mine, node] = await pairs();
    const seen = [mine, node].map(({ socket }) => {
      const asked = ['localAddress', 'localPort', 'localFamily'];
      socket.destroy();
      return [socket.address(), ...asked.map((key) => socket[key]), socket.remoteAddress];
    });
    expect(seen[0]).toEqual(seen[1]);
    expect(seen[0]).toEqual([{}, undefined, undefined, undefined, undefined]);
  });

  test('a peer address that was asked for before stays, as in net', async () => {
    const [mine, node] = await pairs();
    for (const { socket } of [mine, node]) {
      const before = [socket.remoteAddress, socket.remoteFamily, socket.remotePort];
      const closed = once(socket, 'close');
      socket.destroy();
      await closed;
      expect([socket.remoteAddress, socket.remoteFamily, socket.remotePort]).toEqual(before);
    }
  });

  test('resetAndDestroy: what net does', async () => {
    const [mine, node] = await pairs();
    if (name !== 'tcp') {
      const [error, expected] = [mine, node].map(({ socket }) =>
        thrownBy(() => socket.resetAndDestroy()),
      );
      expect(error).toMatchObject({ name: 'TypeError', code: expected.code });
      expect(error.message).toBe(expected.message);
      return;
    }
    for (const { socket, peer } of [mine, node]) {
      const failed = once(peer, 'error');
      const closed = once(socket, 'close');
      expect(socket.resetAndDestroy()).toBe(socket);
      expect((await failed)[0].code).toBe('ECONNRESET');
      expect((await closed)[0]).toBe(false);
      expect(socket.resetAndDestroy()).toBe(socket); // nothing is left to reset
    }
  });

  test('is called what Node calls it', async () => {
    const [mine, node] = await pairs();
    expect(mine.socket.constructor.name).toBe(node.socket.constructor.name);
    expect(mine.socket.encrypted).toBe(node.socket.encrypted);
  });

  test('bytes that move are activity, though no message is complete', async () => {
    const [mine, node] = await pairs();
    const TIMEOUT = 300;
    const watched = [mine, node].map(({ socket, peer }) => {
      if (socket === node.socket) socket.resume();
      const times = [];
      peer.write('{"type":"slow","data":"');
      socket.setTimeout(TIMEOUT);
      const timeouts = counter(socket, 'timeout');
      return { socket, peer, times, timeouts };
    });
    for (let i = 0; i < 12; i++) {
      await new Promise((resolve) => setTimeout(resolve, TIMEOUT / 4));
      for (const { peer, times } of watched) {
        peer.write('x');
        times.push(Date.now());
      }
    }
    for (const { times, timeouts } of watched) {
      const gaps = times.map((time, i) => time - (times[i - 1] ?? time));
      // On a machine that stands still for so long, nobody can tell.
      if (Math.max(...gaps) < TIMEOUT / 2) expect(timeouts.count).toBe(0);
    }
    await Promise.all(watched.map(({ timeouts }) => timeouts.reaches(1))); // silence, at last
  });

  test('bytes that go out are activity, though all were written at once', async () => {
    const { socket, peer } = await ours(side, name);
    peer.pause();
    socket.write(LARGE);
    await new Promise(setImmediate);
    socket.setTimeout(1 << 30);
    const timeouts = counter(socket, 'timeout');
    const { bytesWritten } = socket;
    peer.resume();
    let received = 0;
    peer.on('data', ({ length }) => (received += length));
    while (received < LARGE.length / 2) await once(peer, 'data');
    socket._onTimeout(); // what Node's timer calls
    expect(timeouts.count).toBe(0);
    while (received < LARGE.length) await once(peer, 'data');
    expect(socket.bytesWritten).toBe(bytesWritten);
    while (socket.writableLength > 0) await new Promise(setImmediate);
    socket._onTimeout(); // there was the rest
    socket._onTimeout(); // nothing since
    expect(timeouts.count).toBe(1);
  });

  test('a socket cannot be sent to a child process, which says so', async () => {
    const { socket } = await ours(side, name);
    const child = world.child('idle-child.js', [], { ipc: true }).process;
    const error = thrownBy(() => child.send('take it', socket));
    expect(error).toMatchObject({ code: 'ERR_INVALID_HANDLE_TYPE' });
    expect(error.message).toMatch(/socket of ferripc/);
    expect(socket._handle).toBeNull(); // for other callers there is none
    expect(socket.destroyed).toBe(false);
  });
});

test.each(TRANSPORTS)('%s: a server is called what Node calls it', async (name) => {
  const { place, server, listen } = transport(name, world);
  const made = await world.serve(await place(), server);
  const node = await listen(await place(), () => {});
  expect(made.server.constructor.name).toBe(node.constructor.name);
});

test.each(TRANSPORTS)('%s: a server cannot be sent to a child process either', async (name) => {
  const { place, server } = transport(name, world);
  const made = await world.serve(await place(), server);
  const child = world.child('idle-child.js', [], { ipc: true }).process;
  expect(thrownBy(() => child.send('take it', made.server))).toMatchObject({
    code: 'ERR_INVALID_HANDLE_TYPE',
    message: expect.stringMatching(/server of ferripc/),
  });
  const { prepareStackTrace } = Error;
  Error.prepareStackTrace = (error, sites) => ({ sites }); // as some tools do
  try {
    expect(() => child.send('take it', made.server)).toThrow();
    expect(made.server._handle).toBeNull();
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
  }
});

test('udp: the socket of a server cannot be sent to a child process either', async () => {
  const ipc = world.ipc();
  ipc.serveNet('127.0.0.1', 0, 'udp4');
  await ipc.server.start();
  const child = world.child('idle-child.js', [], { ipc: true }).process;
  expect(thrownBy(() => child.send('take it', ipc.server.server))).toMatchObject({
    code: 'ERR_INVALID_HANDLE_TYPE',
    message: expect.stringMatching(/socket of ferripc/),
  });
  expect(ipc.server.server.type).toBe('udp4');
});

describe('a look-up that takes for ever', () => {
  const start = (config) => {
    const ipc = world.ipc({ maxRetries: 0, interface: { lookup() {} }, ...config });
    ipc.connectToNet('far', 'far.invalid', 1);
    return { ipc, client: ipc.of.far, socket: ipc.of.far.socket };
  };

  test('disconnect: the events come at once', async () => {
    const { ipc, client } = start();
    const events = [];
    client.on('disconnect', () => events.push('disconnect'));
    const gone = once(client, 'destroy');
    ipc.disconnect('far');
    await gone;
    expect(events).toEqual(['disconnect']);
  });

  test('destroy: the callbacks of what was written have the error that net has', async () => {
    const { socket } = start();
    const node = net.connect({ host: 'far.invalid', port: 1, lookup() {} });
    const logs = [];
    for (const one of [socket, node]) {
      const log = [];
      const closed = once(one, 'close');
      for (const text of ['a', 'b']) one.write(text, ({ code }) => log.push(code));
      one.end(({ code }) => log.push(code));
      await new Promise(setImmediate);
      one.destroy();
      await closed;
      await new Promise(setImmediate);
      logs.push(log);
      expect(one.writableLength).toBe(0);
    }
    expect(logs[0]).toEqual(logs[1]);
    expect(logs[0]).toEqual(Array(3).fill('ERR_SOCKET_CLOSED_BEFORE_CONNECTION'));
  });
});

test('a look-up that succeeds after disconnect: everything from before is sent, in order', async () => {
  const place = await world.place('tcp');
  const raw = await world.rawServer(place);
  let answer;
  const lookup = (host, options, callback) => (answer = callback);
  const ipc = world.ipc({ interface: { lookup } });
  ipc.connectToNet('later', 'later.invalid', place.options.port);
  const client = ipc.of.later;
  client.emit('first', 1);
  client.socket.write('own 1\f');
  client.socket.write('own 2\f');
  client.emit('last', 2);
  const gone = once(client, 'destroy');
  ipc.disconnect('later');
  answer(null, [{ address: '127.0.0.1', family: 4 }]);
  const peer = await raw.next();
  const frames = [await peer.frame(), await peer.frame(), await peer.frame(), await peer.frame()];
  expect(frames).toEqual([
    '{"type":"first","data":1}',
    'own 1',
    'own 2',
    '{"type":"last","data":2}',
  ]);
  await gone;
});

test('a fixed local port serves one connection after the other, as in net', async () => {
  const place = await world.place('tcp');
  const raw = await world.rawServer(place);
  const localPort = (await world.place('tcp')).options.port;
  const client = await world.connect(place, { interface: { localPort } });
  for (let i = 0; i < 2; i++) {
    const again = once(client, 'connect');
    const peer = await raw.next();
    peer.socket.resetAndDestroy(); // no time has to pass before the pair of addresses is free
    await again;
    expect(client.socket.localPort).toBe(localPort);
  }
});

test.each(KINDS)(
  '%s: the port of a connection that we have closed is free to bind',
  async (kind) => {
    if (kind !== 'tcp') return; // no ports
    const place = await world.place('tcp');
    const [first, second] = [await world.rawServer(place), await world.place('tcp')];
    await world.rawServer(second);
    const localPort = (await world.place('tcp')).options.port;
    const client = await world.connect(place, { maxRetries: 0, interface: { localPort } });
    const peer = await first.next();
    const gone = once(client, 'destroy');
    client.leave(); // the side that ends first keeps the port for a minute
    await peer.closed;
    await gone;
    const next = await world.connect(second, { maxRetries: 0, interface: { localPort } });
    expect(next.socket.localPort).toBe(localPort);
  },
);

/** Whether the system will ask the peer of a TCP connection from this port whether it is still there. */
async function isKeptAlive(port) {
  // With the address: other programs may have the port at another one.
  const wanted = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (;;) {
    const lines = fs.readFileSync('/proc/net/tcp', 'utf8').split('\n');
    const fields = lines.map((text) => text.trim().split(/\s+/));
    const [timer] = fields.find(([, local]) => local === wanted)[5].split(':');
    if (timer === '00' || timer === '02') return timer === '02';
    await new Promise(setImmediate); // it has something else to wait for: an acknowledgement
  }
}

describe.each(['tcp', 'tls'])('options, %s', (name) => {
  onLinux.test.each(['127.0.0.1', 'slow.invalid'])(
    'set before there is a connection hold, to %s',
    async (host) => {
      const { place, server, client } = transport(name, world);
      const at = await place();
      await world.serve(at, server);
      const lookup = (_, options, callback) =>
        setImmediate(callback, null, [{ address: '127.0.0.1', family: 4 }]);
      const tls = client.tls && { ...client.tls, checkServerIdentity() {} };
      const ipc = world.ipc({ ...client, ...(tls && { tls }), interface: { lookup } });
      ipc.connectToNet('server', host, at.options.port);
      const { socket } = ipc.of.server;
      expect(socket.setKeepAlive(true, 60_000).setNoDelay(false)).toBe(socket);
      await once(ipc.of.server, 'connect');
      expect(await isKeptAlive(socket.localPort)).toBe(true);
      socket.setKeepAlive(false);
      expect(await isKeptAlive(socket.localPort)).toBe(false);
      socket.setKeepAlive(true, 500); // less than a second: after the system's own time, as in net
      expect(await isKeptAlive(socket.localPort)).toBe(true);
    },
  );

  onLinux.test("the user's setting wins over that of config.tls", async () => {
    const { place, server, client } = transport(name, world);
    const at = await place();
    await world.serve(at, server);
    const config = client.tls && { tls: { ...client.tls, keepAlive: true } };
    const made = world.dial(at, { ...config });
    made.socket.setKeepAlive(false);
    await once(made, 'connect');
    expect(await isKeptAlive(made.socket.localPort)).toBe(false);
  });
});

const hasTypes = typeof net.Socket.prototype.setTypeOfService === 'function';

test('setTypeOfService is there where net has it, and is checked', async () => {
  const { socket } = await ours('client', 'tcp');
  expect('setTypeOfService' in socket).toBe(hasTypes);
  if (!hasTypes) return;
  expect(socket.setTypeOfService(0x10)).toBe(socket);
  expect(socket.getTypeOfService()).toBe(0x10);
  expect(thrownBy(() => socket.setTypeOfService(256))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
});

describe.each(TRANSPORTS)('unref, %s: what is under way keeps the process', (name) => {
  test.each(['emit', 'write', 'end', 'look-up', 'burst'])('%s', async (what) => {
    if (what === 'look-up' && name === 'unix') return; // there is none
    const { place, server, client } = transport(name, world);
    const at = await place();
    const served = await world.serve(at, server);
    const arrived = once(served, 'last');
    const tls = client.tls && { ...client.tls, servername: 'localhost' };
    const config = tls ? { tls } : {};
    const child = world.child('unref.js', { what, place: at.options, config });
    expect((await arrived)[0]).toBe('x'.repeat(16 << 20).length);
    expect((await child.exited).code).toBe(0); // nothing else kept it
  });
});

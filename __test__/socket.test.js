'use strict';
// The sockets that users see, on both sides, against what net.Socket promises (K4, K5).

const net = require('node:net');
const { PassThrough } = require('node:stream');
const { pipeline } = require('node:stream/promises');
const { createWorld, TRANSPORTS } = require('./helpers/world');
const { once, collect, counter } = require('./helpers/events');
const { isPipe } = require('./helpers/platform');

const world = createWorld();
const frame = (type, data) => `${JSON.stringify({ type, data })}\f`;

/**
 * Our socket and the raw peer at its other end. `receive(type)`: the next message of a type that our
 * side gets; `emit`: sends one.
 */
async function ours(side, kind, config) {
  const place = await world.place(kind);
  if (side === 'server') {
    const server = await world.serve(place, config);
    const connected = once(server, 'connect');
    const peer = await world.peer(place);
    const [socket] = await connected;
    const emit = (type, data) => server.emit(socket, type, data);
    return { bus: server, socket, peer, emit, place };
  }
  const raw = await world.rawServer(place);
  const client = await world.connect(place, { maxRetries: 0, ...config });
  const emit = (type, data) => client.emit(type, data);
  return { bus: client, socket: client.socket, peer: await raw.next(), emit, place };
}

const combinations = TRANSPORTS.flatMap((kind) => ['server', 'client'].map((side) => [side, kind]));

describe.each(combinations)('a socket of the %s, %s', (side, kind) => {
  const open = (config) => ours(side, kind, config);

  test('is a net.Socket that users can hang things on (K4)', async () => {
    const { bus, socket, peer } = await open();
    expect(socket).toBeInstanceOf(net.Socket);
    socket.mine = { a: 1 };
    const map = new Map([[socket, 'found']]);
    peer.send('x', 1);
    const [, from = bus.socket] = await once(bus, 'x');
    expect(from).toBe(socket);
    expect(from.mine).toEqual({ a: 1 });
    expect(map.get(from)).toBe('found');
  });

  test('has the state of an open socket (K4)', async () => {
    const { socket } = await open();
    expect(socket).toMatchObject({
      connecting: false,
      pending: false,
      destroyed: false,
      closed: false,
      readyState: 'open',
      readable: true,
      writable: true,
      writableLength: 0,
      bufferSize: 0,
    });
  });

  test('has the addresses of both ends, which match those of its peer (K4)', async () => {
    const { socket, peer, place } = await open();
    if (kind === 'unix') {
      expect(socket.address()).toEqual({});
      expect(socket.remoteAddress).toBeUndefined();
      return;
    }
    const { localAddress, localPort, localFamily, remoteAddress, remotePort, remoteFamily } =
      socket;
    expect({ localAddress, localPort, localFamily }).toEqual({
      localAddress: peer.socket.remoteAddress,
      localPort: peer.socket.remotePort,
      localFamily: 'IPv4',
    });
    expect({ remoteAddress, remotePort, remoteFamily }).toEqual({
      remoteAddress: peer.socket.localAddress,
      remotePort: peer.socket.localPort,
      remoteFamily: 'IPv4',
    });
    expect(socket.address()).toEqual({ address: '127.0.0.1', family: 'IPv4', port: localPort });
    expect([localPort, remotePort]).toContain(place.options.port);
  });

  test('counts its bytes exactly, and keeps the counts when closed (K4)', async () => {
    const { bus, socket, peer, emit } = await open();
    expect([socket.bytesRead, socket.bytesWritten]).toEqual([0, 0]);
    const text = 'é€😀'.repeat(1000);
    const bytes = Buffer.byteLength(frame('x', text));
    emit('x', text);
    expect(socket.bytesWritten).toBe(bytes); // at once, as in Node
    await peer.message();
    socket.write('abc\f');
    socket.write(Buffer.from('def\f'));
    await peer.frame();
    await peer.frame();
    expect(socket.bytesWritten).toBe(bytes + 8);
    peer.send('x', text);
    await once(bus, 'x');
    expect(socket.bytesRead).toBe(bytes);
    const closed = once(socket, 'close');
    peer.socket.end();
    await closed;
    expect([socket.bytesRead, socket.bytesWritten]).toEqual([bytes, bytes + 8]);
  });

  test('delivers no message while paused, and all of them after resume (K4)', async () => {
    const { bus, socket, peer } = await open();
    const received = [];
    bus.on('x', (data) => {
      received.push(data);
      if (data === 2) socket.pause();
    });
    peer.writeFrames(...[1, 2, 3, 4].map((n) => JSON.stringify({ type: 'x', data: n })));
    while (received.length < 2) await once(bus, 'x');
    peer.send('x', 5);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(received).toEqual([1, 2]); // the rest of the same chunk is held, too
    expect(socket.isPaused()).toBe(true);
    const last = collect(bus, 'x', 3);
    socket.resume();
    expect(await last).toEqual([3, 4, 5]);
    expect(received).toEqual([1, 2, 3, 4, 5]);
  });

  test('paused, closed by the peer, resumed: everything still comes (K4)', async () => {
    const { bus, socket, peer } = await open();
    socket.pause();
    const closed = counter(socket, 'close');
    const received = [];
    bus.on('x', (data) => received.push(data));
    const all = Array.from({ length: 1000 }, (_, i) => i);
    peer.writeFrames(...all.map((data) => JSON.stringify({ type: 'x', data })));
    peer.socket.end();
    if (!isPipe(kind)) await once(peer.socket, 'finish'); // with a pipe, when all is read
    expect(received).toEqual([]);
    expect(closed.count).toBe(0);
    socket.resume();
    await closed.reaches(1);
    expect(received).toEqual(all);
  });

  test('setEncoding changes what data listeners get, pipe passes it on (K4)', async () => {
    const { socket, peer } = await open();
    socket.setEncoding('base64');
    const text = once(socket, 'data');
    peer.write('abc\f\f\f');
    expect((await text)[0]).toBe(Buffer.from('abc\f\f\f').toString('base64'));
    socket.setEncoding('utf8');
    const sink = socket.pipe(new PassThrough());
    const piped = once(sink, 'data');
    peer.write('défi\f');
    expect((await piped)[0].toString()).toBe('défi\f');
    socket.unpipe(sink);
  });

  test('a pipeline through it moves every byte (K4)', async () => {
    const { socket, peer } = await open({ rawBuffer: true });
    const bytes = Buffer.alloc(8 << 20);
    for (let i = 0; i < bytes.length; i += 4) bytes.writeUInt32BE((i * 2654435761) >>> 0, i);
    peer.socket.removeAllListeners('data');
    const there = (async () => {
      const chunks = [];
      for await (const chunk of peer.socket) chunks.push(chunk);
      return Buffer.concat(chunks);
    })();
    await pipeline(async function* chunks() {
      for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000);
    }, socket);
    expect((await there).equals(bytes)).toBe(true);
  });

  test('cork holds writes back, uncork sends them (K4)', async () => {
    const { socket, peer } = await open();
    socket.cork();
    socket.write('a');
    socket.write('b\f');
    expect(socket.writableLength).toBe(3);
    socket.uncork();
    expect(await peer.frame()).toBe('ab');
    expect(socket.writableLength).toBe(0);
  });

  test('emits stay behind corked writes (K4)', async () => {
    const { socket, peer, emit } = await open();
    socket.cork();
    socket.write('first\f');
    emit('x', 1);
    socket.uncork();
    emit('x', 2);
    expect(await peer.frame()).toBe('first');
    expect((await peer.message()).data).toBe(1);
    expect((await peer.message()).data).toBe(2);
  });

  test('cork holds emits back, too, in order with writes (K4)', async () => {
    const { socket, peer, emit } = await open();
    const seen = [];
    peer.socket.on('data', (chunk) => seen.push(String(chunk)));
    socket.cork();
    emit('x', 1);
    emit('x', 2);
    socket.write('own\f');
    expect(socket.writableLength).toBeGreaterThan(0);
    const other = await open();
    other.emit('x', 0);
    await other.peer.message(); // by when they would have come, too
    await new Promise(setImmediate);
    expect(seen).toEqual([]);
    socket.uncork();
    emit('x', 3);
    expect((await peer.message()).data).toBe(1);
    expect((await peer.message()).data).toBe(2);
    expect(await peer.frame()).toBe('own');
    expect((await peer.message()).data).toBe(3);
  });

  test('write takes encodings, and calls back (K4)', async () => {
    const { socket, peer } = await open();
    await new Promise((resolve) => socket.write('c3a90c', 'hex', resolve));
    expect(await peer.frame()).toBe('é');
  });

  test('setTimeout: idle means timeout, a message in either direction is activity (K4)', async () => {
    const { bus, socket, peer, emit } = await open();
    const timeouts = counter(socket, 'timeout');
    expect(socket.setTimeout(60)).toBe(socket);
    expect(socket.timeout).toBe(60);
    await timeouts.reaches(1);
    expect(socket.destroyed).toBe(false);
    emit('x', 1);
    await timeouts.reaches(2);
    peer.send('x', 1);
    await once(bus, 'x');
    await timeouts.reaches(3);
    socket.setTimeout(0);
  });

  test('end sends everything, then finish; the peer answers, then end and close (K4)', async () => {
    const { socket, peer, emit } = await open();
    const order = [];
    for (const type of ['finish', 'end', 'close']) socket.on(type, () => order.push(type));
    const text = 'x'.repeat(5 << 20);
    const ended = once(peer.socket, 'end');
    const closed = once(socket, 'close');
    emit('x', text);
    socket.end('last\f');
    expect((await peer.message()).data === text).toBe(true);
    expect(await peer.frame()).toBe('last');
    await ended;
    expect((await closed)[0]).toBe(false);
    expect(order).toEqual(['finish', 'end', 'close']);
    expect(socket).toMatchObject({ destroyed: true, readyState: 'closed', writable: false });
    expect(emit('x', 'late')).toBe(false);
  });

  test('the peer ends: end, then close, once (K4)', async () => {
    const { socket, peer } = await open();
    const order = [];
    for (const type of ['end', 'finish', 'close', 'error']) socket.on(type, () => order.push(type));
    peer.socket.end();
    await once(socket, 'close');
    await new Promise(setImmediate);
    expect(order.filter((type) => type !== 'finish')).toEqual(['end', 'close']);
  });

  test('destroy closes at once and drops nothing that was emitted before (K4)', async () => {
    const { socket, peer, emit } = await open();
    emit('x', 1);
    expect(socket.destroy()).toBe(socket);
    expect(socket.destroyed).toBe(true);
    expect((await peer.message()).data).toBe(1);
    await peer.closed;
  });

  test('destroy(error) is an error event of the socket and the owner, then close (K4)', async () => {
    const { bus, socket, peer } = await open();
    const error = new Error('mine');
    const order = [];
    for (const type of ['error', 'close']) socket.on(type, (value) => order.push([type, value]));
    const published = once(bus, 'error');
    const closed = once(socket, 'close');
    socket.destroy(error);
    await closed;
    expect(order).toEqual([
      ['error', error],
      ['close', true],
    ]);
    expect((await published)[0]).toBe(error);
    await peer.closed;
  });

  test('a write after the end is an error, not an exception (K4, K8)', async () => {
    const { socket } = await open();
    socket.end();
    const error = await new Promise((resolve) => socket.write('x', resolve));
    expect(error).toMatchObject({ code: expect.stringMatching(/ERR_STREAM_|EPIPE/) });
  });

  test('a reset by the peer is an error, then close (K10)', async () => {
    if (kind !== 'tcp') return; // other kinds cannot be reset, and Node does not reset a TLSSocket
    const { bus, socket, peer } = await open();
    const error = once(bus, 'error');
    const closed = once(socket, 'close');
    peer.socket.resetAndDestroy();
    expect((await error)[0]).toMatchObject({ code: 'ECONNRESET', syscall: 'read' });
    expect((await closed)[0]).toBe(true);
  });

  test('setters are chainable, in any state (K4)', async () => {
    const { socket } = await open();
    for (let i = 0; i < 2; i++) {
      expect(socket.setNoDelay()).toBe(socket);
      expect(socket.setNoDelay(false)).toBe(socket);
      expect(socket.setKeepAlive(true, 1000)).toBe(socket);
      expect(socket.setKeepAlive()).toBe(socket);
      for (const odd of [Symbol('x'), 5n, { valueOf: () => ({}), toString: () => ({}) }]) {
        expect(() => socket.setKeepAlive(true, odd)).toThrow(/^The "initialDelay" argument/);
        expect(() => socket.setKeepAlive(true, 1, odd)).toThrow(/^The "interval" argument/);
        expect(() => socket.setKeepAlive(true, 1, 1, odd)).toThrow(/^The "count" argument/);
      }
      expect(socket.unref()).toBe(socket);
      expect(socket.ref()).toBe(socket);
      expect(socket.pause()).toBe(socket);
      expect(socket.resume()).toBe(socket);
      if (i === 0) {
        const closed = once(socket, 'close');
        socket.destroy();
        await closed;
      }
    }
  });

  test('can be read as an async iterator (K4)', async () => {
    const { socket, peer } = await open();
    const read = async () => {
      let text = '';
      for await (const chunk of socket) text += chunk;
      return text;
    };
    const reading = read();
    peer.socket.end('one\ftwo\f');
    expect(await reading).toBe('one\ftwo\f');
  });
});

test.each(TRANSPORTS)('%s: a connecting socket says so (K4, K5)', async (kind) => {
  const place = await world.place(kind);
  await world.serve(place);
  const client = world.dial(place);
  const { socket } = client;
  expect(socket).toBeInstanceOf(net.Socket);
  expect(socket).toMatchObject({ connecting: true, pending: true, readyState: 'opening' });
  const order = [];
  for (const type of ['connect', 'ready']) socket.on(type, () => order.push(type));
  client.on('connect', () => order.push('client connect'));
  await once(socket, 'ready');
  expect(order).toEqual(['client connect', 'connect', 'ready']);
  expect(socket).toMatchObject({ connecting: false, pending: false, readyState: 'open' });
});

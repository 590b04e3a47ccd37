'use strict';
// What users' own calls on a connected socket come to, and around its end, on both sides of every transport, each
// beside the same with a socket of Node's. Before it is connected: socket-beginnings.test.js.

const { createWorld } = require('./helpers/world');
const { TRANSPORTS, transport } = require('./helpers/transports');
const { once, counter } = require('./helpers/events');
const { thrownBy } = require('./helpers/thrown');

const world = createWorld();

const LARGE = Buffer.alloc(24 << 20, 'x'); // more than the buffers on the way hold; as JSON, it is as long
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
    const read = once(mine.bus, 'up'); // it reads from now on
    mine.peer.write('{"type":"up"}\f');
    await read;
    const logs = [];
    for (const { socket, peer } of [mine, node]) {
      peer.pause();
      const { log, closed, heard } = observed(socket);
      socket.write(LARGE, heard('first'));
      socket.write(LARGE, heard('second'));
      // What the peer has not read makes its end a reset. A thread encrypts it.
      do await new Promise(setImmediate);
      while (socket === mine.socket && socket.writableLength === 2 * LARGE.length);
      peer.destroy();
      await closed;
      expect(socket.writableLength).toBe(0);
      logs.push(log);
    }
    expect(logs[0].filter((line) => !/^error/.test(line))).toEqual(['first', 'second', 'close']);
    expect(logs[1]).toContain('second');
    const [error, expected] = logs.map((log) => log.find((line) => /^error/.test(line)));
    expect(error).toBe(expected);
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

  test.each([false, true])(
    'what is written after the end: the error of net, also for emit (in a later turn: %s)',
    async (isLater) => {
      const [mine, emitting, node] = [await ours(side, name), ...(await pairs())];
      const late = { ...mine, write: (told) => mine.socket.write('x', told) };
      const emitted = { ...emitting, write: () => emitting.emit('late', 1) };
      const theirs = { ...node, write: (told) => node.socket.write('x', told) };
      const logs = [];
      for (const { socket, peer, write } of [late, emitted, theirs]) {
        peer.resume();
        const { log, closed, heard } = observed(socket);
        socket.on('close', (hadError) => log.push(hadError));
        socket.end('last');
        if (isLater) await new Promise(process.nextTick);
        expect(write(heard('told'))).toBe(false);
        expect(socket.destroyed).toBe(true);
        expect(write(() => {})).toBe(false); // the first alone is told as an event
        await closed;
        logs.push(log.filter((line) => line !== 'told'));
        if (socket !== emitting.socket) expect(log).toContain('told');
      }
      expect(logs[2]).toContain('error ERR_STREAM_WRITE_AFTER_END');
      expect(logs[0]).toEqual(logs[2]);
      expect(logs[1]).toEqual(logs[2]);
    },
  );

  test.each([
    ['ERR_STREAM_WRITE_AFTER_END', ({ socket }) => socket.end()],
    ['EPIPE', ({ peer }) => peer.end()],
  ])('emit after the end is %s, and what was emitted before it arrives', async (code, end) => {
    const { bus, socket, peer, emit } = await ours(side, name);
    peer.pause();
    const failed = once(bus, 'error');
    emit('large', LARGE.toString('latin1'));
    emit('last', 1);
    end({ socket, peer });
    while (!socket.writableEnded) await new Promise(setImmediate);
    expect(emit('late', 1)).toBe(false);
    const [error] = await failed; // the peer has read nothing by now
    expect([error.code, error.syscall]).toEqual([code, undefined]);
    const chunks = [];
    peer.on('data', (chunk) => chunks.push(chunk));
    const ended = once(peer, 'end');
    peer.resume();
    await ended;
    const received = Buffer.concat(chunks).toString('latin1');
    expect(received.slice(LARGE.length)).toMatch(/^[^\f]*\f\{"type":"last","data":1\}\f$/);
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

  test('ended twice, then written to or destroyed in that turn: there is no finish, as with net', async () => {
    for (const act of [(socket, heard) => socket.end('x', heard('x')), (it) => it.destroy()]) {
      const logs = [];
      for (const { socket, peer } of await pairs()) {
        peer.resume();
        const { log, closed, heard } = observed(socket);
        socket.on('finish', () => log.push('finish'));
        socket.end(heard('first'));
        socket.end(heard('second'));
        act(socket, heard);
        await closed;
        logs.push(log);
      }
      const [own, expected] = logs;
      if (!expected.includes('first')) expected.unshift('first', 'second'); // Node 18 leaves them uncalled
      expect(own).toEqual(expected);
      expect(own).not.toContain('finish');
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

  test('moving bytes are activity, though no message is complete', async () => {
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

  /** A socket that has written more than its peer takes, and whose time without activity is counted from now on. */
  async function full() {
    const { socket, peer } = await ours(side, name);
    peer.pause();
    socket.write(LARGE);
    await new Promise(setImmediate);
    socket.setTimeout(1 << 30);
    return { socket, peer, timeouts: counter(socket, 'timeout') };
  }

  test('outgoing bytes are activity, though all were written at once', async () => {
    const { socket, peer, timeouts } = await full();
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

  // Over TCP the system tells of room only in large steps.
  (name === 'unix' ? test : test.skip)('so are a few of them', async () => {
    const { socket, peer, timeouts } = await full();
    const { writableLength } = socket;
    while (socket.writableLength === writableLength) {
      peer.read();
      await new Promise(setImmediate);
    }
    expect(socket.writableLength).toBeGreaterThan(writableLength - (512 << 10));
    socket._onTimeout();
    expect(timeouts.count).toBe(0);
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

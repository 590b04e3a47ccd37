'use strict';
// Turns of their own for `connect`, the first message, `end` and `close`, as in node:net: what a program
// does in promise continuations, and `setImmediate`, comes between two of them.

const { datagramPeer } = require('./helpers/datagrams');
const { once } = require('./helpers/events');
const { TRANSPORTS, transport } = require('./helpers/transports');
const { createWorld, freePort } = require('./helpers/world');

const world = createWorld();

const ROUNDS = 20;
const frame = (type, data) => `${JSON.stringify({ type, data })}\f`;
const immediate = () => new Promise((resolve) => setImmediate(resolve));

/** How an answer may be put off so that it still comes before the end that came with its question. */
const delays = {
  'at once': () => {},
  'after a settled promise': () => Promise.resolve(),
  'after ten of them': async () => {
    for (let i = 0; i < 10; i++) await null;
  },
  'in nextTick': () => new Promise((resolve) => process.nextTick(resolve)),
  'in setImmediate': immediate,
  'in setImmediate after a promise': async () => {
    await null;
    await immediate();
  },
};

describe.each(TRANSPORTS)('%s: a question and the end of its side', (name) => {
  const on = transport(name, world);

  /** Everything that comes from a peer that has asked and then shut its writing side. */
  function askAndEnd(socket) {
    socket.setEncoding('utf8');
    socket.on('error', () => {});
    return new Promise((resolve) => {
      let text = '';
      socket.on('data', (chunk) => (text += chunk));
      socket.on('close', () => resolve(text));
      socket.end(frame('question', 1));
    });
  }

  test.each(Object.entries(delays))('a server answers %s', async (how, delay) => {
    const at = await on.place();
    const server = await world.serve(at, on.server);
    server.on('question', async (data, socket) => {
      await delay();
      server.emit(socket, 'answer', data);
    });
    const theirs = await on.place();
    await on.listen(theirs, (socket) => {
      socket.on('data', async () => {
        await delay();
        socket.write(frame('answer', 1));
      });
    });
    for (let i = 0; i < ROUNDS; i++) {
      const answer = await askAndEnd(on.dial(theirs, { allowHalfOpen: true }));
      // node:tls reports an end that came with the data at once.
      if (name !== 'tls' || !how.includes('setImmediate')) expect(answer).toBe(frame('answer', 1));
      expect(await askAndEnd(on.dial(at, { allowHalfOpen: true }))).toBe(frame('answer', 1));
    }
  });

  test.each(Object.entries(delays))('a client answers %s', async (_, delay) => {
    const at = await on.place();
    const waiting = [];
    await on.listen(at, (socket) => waiting.shift()(askAndEnd(socket)), { allowHalfOpen: true });
    for (let i = 0; i < ROUNDS; i++) {
      const answered = new Promise((resolve) => waiting.push(resolve));
      const client = world.dial(at, { ...on.client, stopRetrying: true });
      client.on('question', async (data) => {
        await delay();
        client.emit('answer', data);
      });
      expect(await answered).toBe(frame('answer', 1));
    }
  });

  test('the last data, `end` and `close` are turns of their own', async () => {
    /** What happens on a socket, with what the program does in between. */
    const observe = (socket) =>
      new Promise((resolve) => {
        const seen = [];
        const note = (what) => {
          seen.push(what);
          Promise.resolve().then(() => seen.push(`${what}: promise`));
          process.nextTick(() => seen.push(`${what}: tick`));
          setImmediate(() => seen.push(`${what}: immediate`));
        };
        socket.on('data', () => note('data'));
        socket.on('end', () => note('end'));
        socket.on('close', () => setImmediate(() => resolve(seen)));
        socket.on('close', () => note('close'));
      });
    const at = await on.place();
    const server = await world.serve(at, on.server);
    const theirs = await on.place();
    const observed = [];
    const nodeServer = await on.listen(theirs, (socket) => observed.push(observe(socket)));
    server.on('connect', (socket) => observed.push(observe(socket)));
    for (const place of [theirs, at]) {
      const socket = on.dial(place);
      socket.resume();
      socket.end(frame('x', 1));
      await once(socket, 'close');
    }
    nodeServer.close();
    const [nodes, ours] = await Promise.all(observed);
    // Where immediates stand relative to `close` is up to the phases of the loop.
    const order = (seen) => seen.filter((what) => !/^(end|close): immediate/.test(what));
    expect(order(ours)).toEqual([
      ...['data', 'data: tick', 'data: promise', 'data: immediate'],
      ...['end', 'end: tick', 'end: promise', 'close', 'close: tick', 'close: promise'],
    ]);
    if (name !== 'tls') expect(order(ours)).toEqual(order(nodes)); // see above
  });
});

/** Whether the event loop itself looks at these sockets, as at those of node:net. */
const isOnLoop = (name) =>
  name !== 'tls' &&
  process.platform !== 'win32' &&
  /^(loop)?$/.test(process.env.FERRIPC_DRIVER ?? '');

describe.each(TRANSPORTS)('%s: a peer that ends', (name) => {
  const on = transport(name, world);

  // So a program hears that a peer has left before it hears that the peer's process has ended.
  const testOnLoop = isOnLoop(name) ? test : test.skip;

  testOnLoop('and has sent nothing in that turn of the loop is heard in the same', async () => {
    const at = await on.place();
    const server = await world.serve(at, on.server);
    for (let i = 0; i < ROUNDS; i++) {
      const peer = on.dial(at);
      peer.write(frame('x', i));
      const socket = await new Promise((resolve) => server.on('x', (_, from) => resolve(from)));
      let hasEnded = false;
      socket.on('end', () => (hasEnded = true));
      await immediate();
      peer.destroy();
      await immediate(); // the loop has looked at its sockets once
      expect(hasEnded).toBe(true);
      server.off('x');
    }
  });
});

describe.each(TRANSPORTS)('%s: who adds handlers after an `await`', (name) => {
  const on = transport(name, world);

  test('of the client’s connect gets the first message', async () => {
    const at = await on.place();
    await on.listen(at, (socket) => socket.write(frame('first', 1)));
    for (let i = 0; i < ROUNDS; i++) {
      const client = world.dial(at, on.client);
      await once(client, 'connect');
      await null;
      await immediate();
      const first = once(client, 'first');
      expect(await first).toEqual([1]);
      client.leave();
    }
  });

  test('of a promise that the handler of connect resolves, too', async () => {
    const at = await on.place();
    const server = await world.serve(at, on.server);
    server.on('connect', (socket) => server.emit(socket, 'first', 1));
    for (let i = 0; i < ROUNDS; i++) {
      const client = world.dial(at, on.client);
      await new Promise((resolve) => client.on('connect', resolve));
      expect(await once(client, 'first')).toEqual([1]);
      client.leave();
    }
  });

  test('of the server’s connect gets the first message', async () => {
    const at = await on.place();
    const server = await world.serve(at, on.server);
    for (let i = 0; i < ROUNDS; i++) {
      const connected = once(server, 'connect');
      const socket = on.dial(at);
      socket.write(frame('first', i));
      const [accepted] = await connected;
      await null;
      await immediate();
      expect(await once(server, 'first')).toEqual([i, accepted]);
      socket.destroy();
    }
  });

  test('reads bytes that came right after connect', async () => {
    const at = await on.place();
    await on.listen(at, (socket) => socket.write(frame('first', 1)));
    const client = world.dial(at, on.client);
    await once(client, 'connect');
    const [chunk] = await once(client.socket, 'data');
    expect(String(chunk)).toBe(frame('first', 1));
  });

  test('of start gets the first connection and its message', async () => {
    const at = await on.place();
    const server = world.host(at, on.server);
    const client = world.dial(at, { ...on.client, retry: 1 });
    client.emit('early', 1);
    server.start();
    await once(server, 'start');
    await null;
    const connected = once(server, 'connect');
    const early = once(server, 'early');
    const [socket] = await connected;
    expect(await early).toEqual([1, socket]);
  });

  test('of disconnect sees what comes next', async () => {
    const at = await on.place();
    const server = await world.serve(at, on.server);
    const { client, socket } = await world.meet(server, at, { ...on.client, retry: 1 });
    socket.destroy();
    await once(client, 'disconnect');
    await null;
    await once(client, 'connect');
  });
});

describe.each(TRANSPORTS)('%s: what is put off', (name) => {
  const on = transport(name, world);

  test('keeps no events away, however often a program asks for it', async () => {
    const at = await on.place();
    const server = await world.serve(at, on.server);
    let asked = 0;
    let stop = false;
    const ask = () => {
      server.server.getConnections(() => {
        asked++;
        if (!stop) ask();
      });
    };
    for (let i = 0; i < 20; i++) ask();
    const client = await world.connect(at, on.client);
    client.emit('x', 1);
    expect((await once(server, 'x'))[0]).toBe(1);
    while (asked < 20) await immediate();
    stop = true;
  });

  test('comes in order with what follows: a connection that is paused and resumed', async () => {
    const at = await on.place();
    const server = await world.serve(at, on.server);
    const { client, socket } = await world.meet(server, at, on.client);
    const filling = 'f'.repeat(2000);
    const COUNT = 3000;
    const arrived = [];
    const all = new Promise((resolve) => {
      server.on('x', ([n]) => {
        arrived.push(n);
        if (n === COUNT - 1) resolve();
        if (n % 100 === 7) {
          socket.pause();
          setImmediate(() => socket.resume());
        } else if (n % 100 === 50) {
          socket.pause();
          process.nextTick(() => socket.resume());
        } else if (n % 100 === 70) {
          socket.pause();
          socket.resume();
        }
      });
    });
    for (let n = 0; n < COUNT; n++) {
      if (!client.emit('x', [n, filling])) await once(client, 'drain');
    }
    await all;
    expect(arrived).toEqual(Array.from({ length: COUNT }, (_, n) => n));
  });
});

test('udp: who adds a handler after an `await` of start gets the first datagram', async () => {
  const peer = await datagramPeer(world);
  for (let i = 0; i < ROUNDS; i++) {
    const ipc = world.ipc();
    ipc.serveNet('127.0.0.1', await freePort(), 'udp4');
    const { server } = ipc;
    const seen = [];
    server.on('connect', () => seen.push('connect'));
    server.start();
    server.server.on('listening', () => {
      seen.push('listening');
      peer.send(server, frame('first', i));
      Promise.resolve().then(() => seen.push('promise'));
    });
    await once(server, 'start');
    await null;
    expect((await once(server, 'first'))[0]).toBe(i);
    expect(seen).toEqual(['connect', 'listening', 'promise']);
    await server.stop();
  }
});

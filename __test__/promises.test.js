'use strict';
// Promises and modern syntax over what node-ipc has: the promise of connectTo, `await using`, events.once and
// events.on, `for await` over messages.

const events = require('node:events');
const ferripc = require('..');
const { once } = require('./helpers/events');
const { createWorld, TRANSPORTS } = require('./helpers/world');

const world = createWorld();

const reject = (promise) =>
  promise.then(
    () => Promise.reject(new Error('fulfilled')),
    (error) => error,
  );

describe.each(TRANSPORTS)('%s: the promise of connectTo and connectToNet', (kind) => {
  test('is fulfilled with the client when it is connected', async () => {
    const place = await world.place(kind);
    const ipc = world.ipc();
    const connected = place.connectTo(ipc, 'server');
    expect(connected).toBeInstanceOf(Promise);
    await once(ipc.of.server, 'disconnect'); // it goes on trying
    const server = await world.serve(place);
    const client = await connected;
    expect(client).toBe(ipc.of.server);
    expect(client.then).toBeUndefined();
    const hello = once(server, 'hello');
    client.emit('hello', 1);
    expect((await hello)[0]).toBe(1);
    expect(await place.connectTo(ipc, 'server')).toBe(client); // at once
  });

  test('is rejected when the client gives up, with the error of its last attempt', async () => {
    const place = await world.place(kind);
    const ipc = world.ipc({ maxRetries: 1 });
    const error = await reject(place.connectTo(ipc, 'server'));
    expect(error.code).toBe(kind === 'unix' ? 'ENOENT' : 'ECONNREFUSED');
  });

  test('is rejected when the client is disconnected, or replaced, before', async () => {
    const place = await world.place(kind);
    const ipc = world.ipc({ retry: 60_000 });
    const first = reject(place.connectTo(ipc, 'server'));
    await once(ipc.of.server, 'disconnect');
    const second = reject(place.connectTo(ipc, 'server'));
    expect((await first).code).toBe('ERR_SOCKET_CLOSED_BEFORE_CONNECTION');
    await once(ipc.of.server, 'disconnect');
    ipc.disconnect('server');
    expect((await second).code).toBe('ERR_SOCKET_CLOSED_BEFORE_CONNECTION');
  });

  test('of a client that is on its way is that of its next connection', async () => {
    const place = await world.place(kind);
    await world.serve(place);
    const ipc = world.ipc();
    const both = await Promise.all([place.connectTo(ipc, 'x'), place.connectTo(ipc, 'x')]);
    expect(both).toEqual([ipc.of.x, ipc.of.x]);
  });
});

test('may be ignored, also when it is rejected', async () => {
  const unhandled = [];
  const note = (error) => unhandled.push(error);
  process.on('unhandledRejection', note);
  const ipc = world.ipc({ maxRetries: 0 });
  ipc.connectTo('x', world.socketPath());
  ipc.connectTo('');
  await once(ipc.of.x, 'destroy');
  await new Promise((resolve) => setTimeout(resolve, 10));
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});

test('without an id is rejected', async () => {
  const ipc = world.ipc();
  expect(await reject(ipc.connectTo(''))).toBeInstanceOf(TypeError);
  expect(await reject(ipc.connectToNet())).toBeInstanceOf(TypeError);
});

/** Whether one side of a connection can end alone. Named pipes cannot. */
const hasHalves = (kind) => kind !== 'unix' || process.platform !== 'win32';

const hasDispose = Symbol.asyncDispose !== undefined;

describe('await using', () => {
  // The syntax is newer than some runtimes: what it calls is called by hand.
  const dispose = (it) => it[Symbol.asyncDispose]();

  test('is no key of the prototype of IPC: mixins take all of these for names', () => {
    expect(Object.getOwnPropertySymbols(ferripc.IPC.prototype)).toEqual([]);
  });

  (hasDispose ? test.each(TRANSPORTS) : test.skip.each(TRANSPORTS))(
    'over %s: a client sends what was emitted, and is gone',
    async (kind) => {
      const place = await world.place(kind);
      const server = await world.serve(place);
      const last = once(server, 'last');
      const gone = once(server, 'socket.disconnected');
      const ipc = world.ipc();
      const client = await place.connectTo(ipc, 'server');
      client.emit('last', 1);
      await dispose(client);
      expect(ipc.of).toEqual({});
      expect(client.socket.destroyed).toBe(true);
      expect((await last)[0]).toBe(1);
      await gone;
      await dispose(client); // again
    },
  );

  (hasDispose ? test.each(TRANSPORTS) : test.skip.each(TRANSPORTS))(
    'over %s: a server and an instance close everything',
    async (kind) => {
      const place = await world.place(kind);
      const one = world.ipc();
      place.serve(one);
      await one.server.start();
      const two = world.ipc();
      const client = await place.connectTo(two, 'server');
      await dispose(two);
      expect([two.of, client.socket.destroyed]).toEqual([{}, true]);
      const other = world.ipc({ maxRetries: 0 });
      const lost = await place.connectTo(other, 'server');
      const destroyed = once(lost, 'destroy');
      await dispose(one);
      expect(one.server.server.listening).toBe(false);
      expect(one.server.sockets).toEqual([]);
      await destroyed;
      await dispose(one.server);
    },
  );

  // With the two ends in different processes, all of this arrives too.
  (hasDispose ? test.each(TRANSPORTS) : test.skip.each(TRANSPORTS))(
    'over %s: what was emitted just before arrives at handlers of this process, on both sides',
    async (kind) => {
      const orders = {
        'one instance': (one) => [one],
        'client first': (one, two) => [two, one],
        'server first': (one, two) => [one, two],
        'server, then its client': (one) => [one.server, one],
        'client, then its server': (one) => [one.of.server, one],
      };
      for (const [order, of] of Object.entries(orders)) {
        const place = await world.place(kind);
        const one = world.ipc();
        const two = of.length === 2 ? world.ipc() : one;
        place.serve(one);
        await one.server.start();
        const seen = [];
        one.server.on('up', (data, socket) => {
          seen.push(['up', data.length]);
          one.server.emit(socket, 'answer', data.length);
        });
        const accepted = once(one.server, 'connect');
        const client = await place.connectTo(two, 'server');
        client.on('*', (type, data) => seen.push([type, data?.length ?? data]));
        await accepted;
        const sizes = [1, 2, 600_000];
        for (const size of sizes) client.emit('up', 'x'.repeat(size));
        for (const size of sizes) one.server.broadcast('down', 'x'.repeat(size));
        for (const it of of(one, two)) await dispose(it);
        const sizesOf = (type) => seen.filter((it) => it[0] === type).map((it) => it[1]);
        const heard = hasHalves(kind) ? ['up', 'down', 'answer'] : ['up'];
        expect([order, ...heard.map(sizesOf)]).toEqual([order, ...heard.map(() => sizes)]);
      }
    },
  );

  (hasDispose ? test.each(TRANSPORTS) : test.skip.each(TRANSPORTS))(
    'over %s: what was emitted before the server knows its client arrives',
    async (kind) => {
      for (const waits of [true, false]) {
        for (const first of ['both', 'client', 'server']) {
          const place = await world.place(kind);
          const one = world.ipc();
          const two = first === 'both' ? one : world.ipc();
          place.serve(one);
          await one.server.start();
          const seen = [];
          one.server.on('up', (data) => seen.push(data));
          const connected = place.connectTo(two, 'server');
          if (waits) await connected;
          for (const n of [1, 2, 3]) two.of.server.emit('up', n);
          for (const it of first === 'client' ? [two, one] : [one, two]) await dispose(it);
          expect([waits, first, seen]).toEqual([waits, first, [1, 2, 3]]);
        }
      }
    },
  );

  const halved = TRANSPORTS.filter(hasHalves);
  (hasDispose && halved.length > 0 ? test.each(halved) : test.skip.each(TRANSPORTS))(
    'over %s: a server delivers what other peers have sent, and waits for none that never ends',
    async (kind) => {
      const place = await world.place(kind);
      const server = await world.serve(place, { linger: 50 });
      const arrived = once(server, 'm');
      const accepted = once(server, 'connect');
      const socket = place.dial({ allowHalfOpen: true });
      world.after(() => socket.destroy());
      socket.resume();
      await once(socket, place.up);
      await accepted;
      await new Promise((resolve) => socket.write('{"type":"m","data":1}\f', resolve));
      await dispose(server);
      expect((await arrived)[0]).toBe(1);
      expect(server.sockets).toEqual([]);
    },
  );

  (hasDispose ? test : test.skip)(
    'an instance without anything, and a client on its way',
    async () => {
      await dispose(new ferripc.IPC());
      const ipc = world.ipc({ retry: 60_000 });
      ipc.connectTo('x', world.socketPath());
      const { x } = ipc.of;
      await once(x, 'disconnect');
      await dispose(ipc);
      expect(ipc.of).toEqual({});
    },
  );

  test('is not a property that programs see', () => {
    expect(Object.keys(new ferripc.IPC())).not.toContain('serveOrConnect');
    for (const it of [ferripc, new ferripc.IPC()]) {
      expect(Object.getOwnPropertySymbols(it)).toEqual([]);
    }
  });
});

describe.each(TRANSPORTS)('%s: Node’s events', (kind) => {
  test('once, and what it leaves behind', async () => {
    const place = await world.place(kind);
    const server = await world.serve(place);
    const connected = events.once(server, 'connect');
    const client = await world.connect(place);
    const [socket] = await connected;
    expect(socket).toBe(server.sockets[0]);
    const asked = events.once(server, 'ask');
    client.emit('ask', { n: 1 });
    expect(await asked).toEqual([{ n: 1 }, socket]);
    const answered = events.once(client, 'answer');
    server.emit(socket, 'answer', 2);
    expect(await answered).toEqual([2]);
    expect([server.list, client.list]).toEqual([{}, {}]);
  });

  test('once is rejected by an error, and by an abort', async () => {
    const client = world.dial(await world.place(kind), { retry: 60_000 });
    const error = await reject(events.once(client, 'connect'));
    expect(error.code).toBe(kind === 'unix' ? 'ENOENT' : 'ECONNREFUSED');
    const controller = new AbortController();
    const aborted = reject(events.once(client, 'connect', { signal: controller.signal }));
    controller.abort();
    expect((await aborted).name).toBe('AbortError');
    expect(client.list).toEqual({});
  });

  test('on', async () => {
    const place = await world.place(kind);
    const server = await world.serve(place);
    const { client, socket } = await world.meet(server, place);
    const seen = [];
    const iterator = events.on(server, 'n');
    for (let n = 0; n < 3; n++) client.emit('n', n);
    for await (const [n, from] of iterator) {
      seen.push([n, from === socket]);
      if (n === 2) break;
    }
    expect(seen).toEqual([0, 1, 2].map((n) => [n, true]));
    expect(server.list).toEqual({});
  });
});

describe.each(TRANSPORTS)('%s: messages', (kind) => {
  const meet = async () => {
    const place = await world.place(kind);
    const server = await world.serve(place);
    return { place, server, ...(await world.meet(server, place)) };
  };

  test('come in order, with the socket, from the call onwards', async () => {
    const { server, client, socket } = await meet();
    const incoming = server.messages('n');
    for (let n = 0; n < 100; n++) client.emit('n', n);
    const seen = [];
    for await (const [n, from] of incoming) {
      expect(from).toBe(socket);
      if (seen.push(n) === 100) break;
    }
    expect(seen).toEqual(Array.from({ length: 100 }, (_, n) => n));
    expect(server.list).toEqual({});
    expect(await incoming.next()).toEqual({ value: undefined, done: true });
  });

  test('of a client that has ended end at once, unless it connects again', async () => {
    const place = await world.place(kind);
    const server = await world.serve(place);
    server.on('ask', (data, socket) => server.emit(socket, 'hello', data));
    const client = await world.connect(place);
    const destroyed = once(client, 'destroy');
    client.leave();
    await destroyed;
    expect(await client.messages('hello').next()).toEqual({ value: undefined, done: true });
    Object.assign(client, { explicitlyDisconnected: false }).connect();
    const messages = client.messages('hello');
    client.emit('ask', 1);
    expect((await messages.next()).value).toEqual([1]);
    client.config.stopRetrying = true;
    await server.stop({ disconnect: true });
    expect((await messages.next()).done).toBe(true);
  });

  test('of a client end when it does', async () => {
    const { server, client, socket } = await meet();
    const seen = [];
    const loop = (async () => {
      for await (const [n] of client.messages('n')) {
        seen.push(n);
        if (n === 2) client.leave();
      }
    })();
    for (const n of [1, 2]) server.emit(socket, 'n', n);
    await loop;
    expect(seen).toEqual([1, 2]);
  });

  test('of a server end when it is stopped and all clients are gone', async () => {
    const { place, server, client } = await meet();
    const incoming = server.messages('n');
    client.emit('n', 1);
    expect((await incoming.next()).value[0]).toBe(1);
    const next = incoming.next();
    await server.stop();
    client.emit('n', 2);
    expect((await next).value[0]).toBe(2);
    const end = incoming.next();
    client.leave();
    expect(await end).toEqual({ value: undefined, done: true });
    expect((await server.messages('n').next()).done).toBe(true); // nobody can come
    await server.start();
    const later = server.messages('n').next();
    (await world.connect(place)).emit('n', 3);
    expect((await later).value[0]).toBe(3);
  });

  test('stop with an AbortError', async () => {
    const { server } = await meet();
    const controller = new AbortController();
    const incoming = server.messages('n', { signal: controller.signal });
    const next = reject(incoming.next());
    controller.abort('why');
    expect(await next).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: 'why' });
    expect(await incoming.next()).toEqual({ value: undefined, done: true });
    expect(server.list).toEqual({});
    const late = server.messages('n', { signal: controller.signal });
    expect((await reject(late.next())).name).toBe('AbortError');
  });

  test('end when a program that iterates by hand stops', async () => {
    const { server } = await meet();
    const returned = server.messages('n');
    server.publish('n', 1);
    const open = returned.next().then(() => returned.next());
    expect(await returned.return('mine')).toEqual({ value: 'mine', done: true });
    expect(await open).toEqual({ value: undefined, done: true });
    const thrown = server.messages('n', { signal: null });
    expect(await reject(thrown.throw(new Error('mine')))).toMatchObject({ message: 'mine' });
    expect(await thrown.next()).toEqual({ value: undefined, done: true });
    expect(server.list).toEqual({});
  });

  test.each([
    ['off(type)', (party) => party.off('n')],
    ['unSubscribe(type)', (party) => party.unSubscribe('n')],
    ['off with its handler', (party) => party.off('n', party.list.n[0])],
    ['reset()', (party) => party.reset()],
  ])('end with what has come when %s removes their handler', async (_, remove) => {
    const { server, client, socket } = await meet();
    for (const [party, other] of [
      [server, server.messages('other')],
      [client, client.messages('other')],
    ]) {
      const last = party.messages('n');
      const open = party.messages('n');
      party.once('once', () => {}); // ends nothing
      party.publish('once');
      party.off('nothing');
      const next = open.next();
      party.publish('n', 1);
      expect((await next).value).toEqual([1]);
      const end = open.next();
      while (party.list.n) remove(party);
      expect(await end).toEqual({ value: undefined, done: true });
      expect((await last.next()).value).toEqual([1]);
      expect((await last.next()).done).toBe(true);
      party.reset();
      expect((await other.next()).done).toBe(true);
    }
    const answers = [client.messages('n'), server.messages('n')];
    server.emit(socket, 'n', 2); // both go on
    client.emit('n', 3);
    expect((await answers[0].next()).value).toEqual([2]);
    expect((await answers[1].next()).value).toEqual([3, socket]);
  });

  test('of wrong arguments are a TypeError', async () => {
    const { server } = await meet();
    expect(() => server.messages(5)).toThrow('"type"');
    expect(() => server.messages('x', { signal: 5 })).toThrow('options.signal');
  });
});

test('disposing of a client that is being disconnected keeps its counters', async () => {
  if (!hasDispose) return;
  const place = await world.place('unix');
  await world.serve(place);
  const ipc = world.ipc();
  const client = await place.connectTo(ipc, 'x');
  client.emit('n', 1);
  ipc.disconnect('x');
  await client[Symbol.asyncDispose]();
  expect(ipc.stats().totals).toMatchObject({ messagesSent: 1, connections: 0 });
});

test('messages that wait cost the same, however many', async () => {
  const server = await world.serve(await world.place('unix'));
  const incoming = server.messages('n');
  const COUNT = 300_000; // with an array's `shift`: a minute
  for (let n = 0; n < COUNT; n++) server.publish('n', n);
  let next = 0;
  for await (const [n] of incoming) {
    if (n !== next++) throw new Error(`${n} in place of ${next - 1}`);
    if (next === COUNT) break;
  }
  const takers = Array.from({ length: COUNT }, () => incoming.next());
  await Promise.all(takers);
});

'use strict';
// config.sync: one message in flight per client (K17), and what fake timers have to do with messages.

const { createWorld, TRANSPORTS } = require('./helpers/world');
const { once, collect, counter } = require('./helpers/events');

const world = createWorld();

describe.each(TRANSPORTS)('%s: sync', (kind) => {
  async function syncPair(prepare = () => {}) {
    const place = await world.place(kind);
    const raw = await world.rawServer(place);
    const client = world.dial(place, { sync: true, retry: 1 });
    prepare(client);
    const peer = await raw.next();
    return { raw, client, peer };
  }

  /** Whether the peer gets nothing but what it has answered: the next frame must be `next`. */
  const frames = async (peer, count) => {
    const messages = [];
    for (let i = 0; i < count; i++) messages.push((await peer.message()).data);
    return messages;
  };

  test('the next message waits for an answer (K17)', async () => {
    const { client, peer } = await syncPair();
    let answered = 0;
    for (let i = 0; i < 5; i++) client.emit('x', i);
    for (let i = 0; i < 5; i++) {
      expect((await peer.message()).data).toBe(i);
      expect(client.queue.contents).toHaveLength(4 - answered);
      answered++;
      peer.send('answer', i);
    }
  });

  test('what waits for the connection comes before what a handler of connect emits', async () => {
    const { client, peer } = await syncPair((early) => {
      early.emit('x', 0);
      early.on('connect', () => early.emit('x', 1));
    });
    for (let i = 0; i < 2; i++) {
      expect((await peer.message()).data).toBe(i);
      peer.send('answer', i);
    }
    expect(client.queue.contents).toEqual([]);
  });

  test('messages count, not chunks: two answers in one release two (F12)', async () => {
    const { client, peer } = await syncPair();
    for (let i = 0; i < 4; i++) client.emit('x', i);
    expect(await frames(peer, 1)).toEqual([0]);
    const answers = counter(client, 'answer');
    peer.writeFrames('{"type":"answer"}', '{"type":"answer"}');
    expect(await frames(peer, 2)).toEqual([1, 2]);
    expect(answers.count).toBe(2);
    expect(client.queue.contents).toHaveLength(1);
  });

  test('half an answer releases nothing (F12)', async () => {
    const { client, peer } = await syncPair();
    for (let i = 0; i < 2; i++) client.emit('x', i);
    await frames(peer, 1);
    peer.write('{"type":"noise"}\f{"type":"ans');
    expect(await frames(peer, 1)).toEqual([1]);
    client.emit('x', 2);
    await new Promise(setImmediate);
    expect(client.queue.contents).toHaveLength(1);
    peer.write('wer"}\f');
    expect(await frames(peer, 1)).toEqual([2]);
  });

  test('goes on after the connection was dropped with a message in flight (F12)', async () => {
    const { raw, client, peer } = await syncPair();
    for (let i = 0; i < 3; i++) client.emit('x', i);
    await frames(peer, 1);
    peer.socket.destroy();
    const again = await raw.next();
    expect(await frames(again, 1)).toEqual([1]);
    again.send('answer');
    expect(await frames(again, 1)).toEqual([2]);
  });

  test('what is emitted while the client is down waits for the next connection', async () => {
    const { raw, client, peer } = await syncPair();
    client.emit('x', 0);
    await frames(peer, 1);
    const answered = once(client, 'answer');
    peer.send('answer');
    await answered; // nothing is in flight
    const down = once(client, 'disconnect');
    peer.socket.destroy();
    await down;
    expect(client.emit('x', 1)).toBe(true);
    expect(await frames(await raw.next(), 1)).toEqual([1]);
  });

  test('disconnect sends what still waits (F6, K17)', async () => {
    const { client, peer } = await syncPair();
    for (let i = 0; i < 3; i++) client.emit('x', i);
    client.leave();
    expect(await frames(peer, 3)).toEqual([0, 1, 2]);
    await peer.closed;
  });

  test('can be switched on and off (K6)', async () => {
    const { client, peer } = await syncPair();
    client.emit('x', 0);
    client.emit('x', 1);
    await frames(peer, 1);
    client.config.sync = false;
    client.emit('x', 2);
    expect(await frames(peer, 1)).toEqual([2]);
  });
});

describe.each(TRANSPORTS)('%s: fake timers', (kind) => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  test('messages flow, connections open and close, without any timer (design: lifetimes)', async () => {
    const place = await world.place(kind);
    const server = await world.serve(place);
    server.on('x', (data, socket) => server.emit(socket, 'y', data));
    const client = await world.connect(place);
    const answers = collect(client, 'y', 5000);
    for (let i = 0; i < 5000; i++) client.emit('x', i);
    expect(await answers).toHaveLength(5000);
    const gone = once(server, 'socket.disconnected');
    client.leave();
    await gone;
    await server.stop({ disconnect: true });
    expect(jest.getTimerCount()).toBe(0);
  });

  test('drive the retries (K10)', async () => {
    const client = world.dial(await world.place(kind), { retry: 60_000, maxRetries: 2 });
    const errors = counter(client, 'error');
    const destroyed = counter(client, 'destroy');
    for (let attempt = 1; attempt <= 2; attempt++) {
      await once(client, 'disconnect');
      expect(errors.count).toBe(attempt);
      expect(jest.getTimerCount()).toBe(1);
      jest.advanceTimersByTime(59_999);
      expect(jest.getTimerCount()).toBe(1);
      jest.advanceTimersByTime(1);
      expect(jest.getTimerCount()).toBe(0);
    }
    await once(client, 'disconnect');
    await destroyed.reaches(1);
    expect(errors.count).toBe(3);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('disconnect and a second connectTo leave none behind (F8)', async () => {
    const place = await world.place(kind);
    const ipc = world.ipc({ retry: 60_000 });
    place.connectTo(ipc, 'server');
    await once(ipc.of.server, 'disconnect');
    expect(jest.getTimerCount()).toBe(1);
    place.connectTo(ipc, 'server');
    expect(jest.getTimerCount()).toBe(0);
    await once(ipc.of.server, 'disconnect');
    expect(jest.getTimerCount()).toBe(1);
    ipc.disconnect('server');
    expect(jest.getTimerCount()).toBe(0);
  });
});

'use strict';
// A test suite of somebody's program whose jest has fake timers before it loads anything (`enableGlobally`): they replace
// nextTick, queueMicrotask and the clocks, too. sync.test.js has those that come later.

jest.useFakeTimers();

const { AppViewClient, AppViewServer } = require('../appview');
const mqueue = require('../mqueue');
const { Agent, Controller } = require('../pixivutil2');
const { once } = require('./helpers/events');
const { isScript, onLinux, onNative, onUnix } = require('./helpers/platform');
const { nobody, queueName } = require('./helpers/queues');
const { tapsOf } = require('./helpers/taps');
const { createWorld, TRANSPORTS } = require('./helpers/world');
const { starter, tasks } = require('./ipc2/workers');
const { collect, createParties, datas } = require('./ipcio/parties');
const { endpoints } = require('./pixivutil2/peers');

const world = createWorld();

describe.each(TRANSPORTS)('over %s', (kind) => {
  test('messages and answers arrive, what a socket writes and its end are told, and all closes', async () => {
    const place = await world.place(kind);
    const server = await world.serve(place);
    server.handle('double', (data) => data * 2);
    server.on('x', (data, socket) => server.emit(socket, 'y', data));
    const client = await world.connect(place);
    expect(await client.request('double', 21)).toBe(42);
    const answered = once(client, 'y');
    client.emit('x', 1);
    expect((await answered)[0]).toBe(1);
    const { socket } = client;
    const gone = Promise.all([once(server, 'socket.disconnected'), once(socket, 'close')]);
    await new Promise((resolve) => socket.end(resolve));
    await gone;
    const closed = new Promise((resolve) => server.server.close(resolve));
    await server.stop({ disconnect: true });
    await closed;
  });
});

test('serveOrConnect finds its server, and another takes its place', async () => {
  const path = world.socketPath();
  const [one, other] = [world.ipc(), world.ipc()];
  const first = await one.serveOrConnect('app', { path });
  let serves;
  const chosen = new Promise((resolve) => (serves = resolve));
  const second = await other.serveOrConnect('app', { path, onServer: serves });
  expect([first.role, second.role]).toEqual(['server', 'client']);
  await first.close();
  await chosen;
  await second.close();
});

test('a tap that cannot be made is told of', async () => {
  const { error } = await tapsOf(world).untappable();
  expect(error.message).toMatch(/^config\.tap: nobody can tap/);
});

onUnix.test('ipcIO: a burst arrives, and both ends close', async () => {
  const { connect, serve } = createParties(world);
  const { handler, all } = collect(2000);
  const server = await serve({ m: handler });
  const client = await connect('ours');
  const sent = Array.from({ length: 2000 }, (_, i) => `${i} ${'x'.repeat(200)}`);
  for (const data of sent) client.send('m', data);
  expect(datas(await all)).toEqual(sent);
  await client.disconnect();
  await server.stop();
});

onNative.test('ipc2: a worker does its task, and closes', async () => {
  const set = await starter(world)(tasks('Node'));
  expect(await set.send({ Add: [1, 2] })).toBe(3);
  await set.close();
});

onNative.test('PixivUtil2: an agent and its controller meet and part', async () => {
  const controller = new Controller(endpoints(world, 'tcp'));
  world.after(() => controller.stop());
  await controller.start();
  const total = once(controller, 'total');
  const agent = await Agent.connect({ ...controller.endpoints, identifier: 'a' });
  await agent.total(3);
  expect((await total)[1]).toBe(3);
  await agent.close();
  await controller.stop();
});

(isScript ? onNative : onLinux).describe('message queues', () => {
  test('`close` comes', async () => {
    const queue = mqueue.open(queueName(world), { create: true, maxmsg: 3, msgsize: 16 });
    await queue.send('x');
    await queue.receive();
    const closed = once(queue, 'close');
    queue.close();
    await closed;
  });

  test('AppView: a client is answered', async () => {
    const pid = nobody();
    const server = new AppViewServer({ pid }).start();
    world.after(() => server.stop());
    server.publish({ viewed: true });
    const { status, viewed } = await new AppViewClient(pid).status();
    expect([status, viewed]).toEqual([200, true]);
  });
});

'use strict';
// config.maxConnectionRate: a server takes in so many connections within a second, and those over it wait and are then
// served. Where that cannot be had it is refused by name.

const { IPC } = require('..');
const { once } = require('./helpers/events');
const { onUnix } = require('./helpers/platform');
const { thrownBy } = require('./helpers/thrown');
const { TRANSPORTS } = require('./helpers/places');
const { createWorld } = require('./helpers/world');

const world = createWorld();
const isNative = process.env.FERRIPC_DRIVER !== 'js';
const native = isNative ? describe : describe.skip;

/** How long it takes until so many clients have an answer each, in ms. */
async function served(kind, maxConnectionRate, count) {
  const place = await world.place(kind);
  const server = await world.serve(place, { maxConnectionRate });
  server.on('ask', (data, socket) => server.emit(socket, 'answer', data));
  const started = process.hrtime.bigint();
  const answers = await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const client = world.dial(place);
      client.on('error', (error) => {
        throw error; // no client is refused
      });
      client.emit('ask', i);
      return (await once(client, 'answer'))[0];
    }),
  );
  expect(answers).toEqual(answers.map((_, i) => i));
  expect(server.stats().refused).toBe(0);
  return Number(process.hrtime.bigint() - started) / 1e6;
}

native('a rate', () => {
  test('those over it wait for their second, on every transport', async () => {
    const times = await Promise.all(TRANSPORTS.map((kind) => served(kind, 3.9, 4)));
    for (const ms of times) expect(ms).toBeGreaterThanOrEqual(1000);
  });

  test.each([undefined, null, false, Infinity, 2 ** 32])('%p means no limit', async (rate) => {
    await served('unix', rate, 30);
  });

  test('waiting connections do not hold stop() up', async () => {
    const place = await world.place('unix');
    const server = await world.serve(place, { maxConnectionRate: 1 });
    const clients = Array.from({ length: 3 }, () => world.dial(place, { maxRetries: 0 }));
    for (const client of clients) client.on('error', () => {});
    await once(server, 'connect');
    await server.stop({ disconnect: true });
    await server.start();
  });
});

test.each([0, -1, 0.5, NaN, '5', {}, true])('%p is refused', (maxConnectionRate) => {
  const ipc = world.ipc({ maxConnectionRate });
  ipc.serve(world.file());
  expect(thrownBy(() => ipc.server.start())).toMatchObject({
    name: 'TypeError',
    code: 'ERR_INVALID_ARG_TYPE',
    message: expect.stringContaining('config.maxConnectionRate'),
  });
});

test('on UDP it is refused: there are no connections', () => {
  const ipc = world.ipc({ maxConnectionRate: 5 });
  ipc.serveNet('127.0.0.1', '0', 'udp4');
  const error = thrownBy(() => ipc.server.start());
  expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' });
  expect(error.message).toBe('config.maxConnectionRate is about connections: UDP has none');
});

test('by default there is none', () => {
  expect(new IPC().config.maxConnectionRate).toBe(Infinity);
});

/** What start() says in a process with this environment, which may be a worker of node:cluster. */
async function startElsewhere(mode, env) {
  const child = world.child('connection-rate.js', [mode, world.file()], { env });
  return child.next();
}

test('without the native binary it is refused', async () => {
  expect(await startElsewhere('here', { FERRIPC_DRIVER: 'js' })).toEqual([
    'TypeError',
    'config.maxConnectionRate needs the native binary',
  ]);
});

if (isNative)
  onUnix.test(
    'a worker of node:cluster that gets its connections from the primary refuses it',
    async () => {
      const [name, message] = await startElsewhere('cluster', {});
      expect(name).toBe('TypeError');
      expect(message).toMatch(/^config\.maxConnectionRate is for a server that accepts/);
    },
  );

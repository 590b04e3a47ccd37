'use strict';
// What keeps a process alive: the connection, and neither a request nor its time-out. And fake timers.

const { once } = require('../helpers/events');
const { createWorld } = require('../helpers/world');

const world = createWorld();

test.each([
  ['unref', []],
  ['disconnect', ['ECONNRESET']],
  ['timeout', ['ETIMEDOUT']],
])('a process with an open request ends by %s', async (how, lines) => {
  const place = await world.place('unix');
  const server = await world.serve(place);
  server.handle('never', () => new Promise(() => {}));
  const child = world.child('request-life.js', [place.options.path, how]);
  expect(await child.exited).toMatchObject({ code: 0, lines, stderr: '' });
});

test('fake timers bring about a time-out', async () => {
  const place = await world.place('unix');
  const server = await world.serve(place);
  const client = await world.connect(place);
  const asked = new Promise((resolve) => {
    server.handle('never', () => {
      resolve();
      return new Promise(() => {});
    });
  });
  jest.useFakeTimers();
  try {
    const failed = client.request('never', 1, { timeout: 60_000 }).catch((error) => error);
    await asked;
    jest.advanceTimersByTime(60_000);
    expect((await failed).code).toBe('ETIMEDOUT');
  } finally {
    jest.useRealTimers();
  }
});

test('nothing of it is loaded before it is used', async () => {
  const script = `
    const ipc = require(${JSON.stringify(require.resolve('../..'))});
    Object.assign(ipc.config, { silent: true });
    ipc.serve(process.argv[1], () => {
      ipc.connectTo('self', process.argv[1], () => {
        ipc.of.self.on('connect', () => ipc.of.self.emit('hello', { id: 1 }));
      });
    });
    ipc.server.on('hello', () => {
      const loaded = Object.keys(require.cache).filter((file) => /requests|messages\\.js|instance|recipients/.test(file));
      console.log(JSON.stringify(loaded));
      ipc.disconnect('self');
      ipc.server.stop();
    });
    ipc.server.start();`;
  const child = require('node:child_process').spawn(process.execPath, [
    '-e',
    script,
    world.socketPath(),
  ]);
  let out = '';
  child.stdout.on('data', (text) => (out += text));
  await once(child, 'close');
  expect(JSON.parse(out)).toEqual([]);
});

'use strict';
// What loads ferripc first in a process, and has ended all, is not kept by what goes on: the binary is loaded once for all
// test files of jest, and its threads and promises are made on behalf of everybody.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { createWorld } = require('./helpers/world');

const world = createWorld();
const root = path.join(__dirname, '..');

/** Node 18 keeps the store of whoever has it import a module first, and so does jest with all that it runs. */
const since20 = +process.versions.node.split('.')[0] >= 20 ? test : test.skip;

since20.each(['loop', 'tokio', 'js'])(
  'its store of AsyncLocalStorage, %s driver',
  async (driver) => {
    const runtime = [process.execPath, '--expose-gc'];
    const env = { ...process.env, FERRIPC_DRIVER: driver };
    const child = world.child('first-caller.js', [world.socketPath()], { runtime, env });
    const { code, lines, stderr } = await child.exited;
    expect({ code, lines, stderr }).toEqual({ code: 0, lines: ['collected'], stderr: '' });
  },
);

/** A test file of a program that uses ferripc. */
const TALK = `
const { IPC } = require(${JSON.stringify(root)});
const event = (bus, type) => new Promise((resolve) => bus.once(type, resolve));

test('a message and its answer, a question and its answer', async () => {
  const ipc = new IPC();
  Object.assign(ipc.config, { silent: true, id: 'leaks', socketRoot: __dirname + '/' });
  ipc.serve();
  ipc.server.on('ask', (data, socket) => ipc.server.emit(socket, 'answer', data));
  ipc.server.handle('echo', (data) => data);
  await ipc.server.start();
  ipc.connectTo('leaks');
  const client = ipc.of.leaks;
  client.emit('ask', 1);
  expect(await event(client, 'answer')).toBe(1);
  expect(await client.request('echo', 2)).toBe(2);
  ipc.disconnect('leaks');
  await event(client, 'destroy');
  await ipc.server.stop();
});
`;

// Not over UDP: jest finds a leak where a test file loads node:dgram first.
since20.each(['loop', 'tokio', 'js'])('jest --detectLeaks finds nothing, %s driver', (driver) => {
  const folder = world.file();
  fs.mkdirSync(folder);
  for (const name of ['one', 'two']) fs.writeFileSync(path.join(folder, `${name}.test.js`), TALK);
  fs.writeFileSync(path.join(folder, 'package.json'), '{}');
  const jest = path.join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const args = [jest, '--config', '{}', '--detectLeaks', '--runInBand', '--no-cache'];
  // On a busy machine a test that is cut off would leave its server, and so never end.
  args.push('--testTimeout=60000', '--forceExit');
  const env = { ...process.env, FERRIPC_DRIVER: driver };
  const { status, stderr } = spawnSync(process.execPath, args, {
    cwd: folder,
    env,
    encoding: 'utf8',
  });
  expect(stderr).toMatch(/^Tests: +2 passed, 2 total$/m);
  expect(status).toBe(0);
});

'use strict';
// A test suite of somebody's program that has mocks in the place of Node's modules, or stubs in the place of their
// functions, for what the program does with them: connections do not notice.

const nodeFs = require('node:fs');
const path = require('node:path');
const { createWorld } = require('./helpers/world');
const { once } = require('./helpers/events');
const { isScript } = require('./helpers/platform');
const { TRANSPORTS, transport } = require('./helpers/transports');

const world = createWorld();
const ends = TRANSPORTS.map((name) => [name, transport(name, world)]);
const warnings = jest.spyOn(process, 'emitWarning').mockImplementation();

/** All modules that the package uses for itself: see src/js/core.js. */
const MODULES = new Set(
  nodeFs
    .readdirSync(path.join(__dirname, '../src/js'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.js'))
    .map((name) => nodeFs.readFileSync(path.join(__dirname, '../src/js', name), 'utf8'))
    .flatMap((source) => [...source.matchAll(/\bcore\('(\w+)'\)/g)].map(([, name]) => name)),
);

/** What tests put there: mock functions for everything, or the little that they need. */
const MOCKS = { 'of everything': [], 'of little': [() => ({ promisify() {}, join() {} })] };

test('the modules of which there are mocks are those that matter', () => {
  expect([...MODULES]).toEqual(expect.arrayContaining(['async_hooks', 'fs', 'path', 'util']));
});

describe.each(Object.entries(MOCKS))('with mocks %s', (_, factory) => {
  let IPC;
  beforeAll(() => {
    jest.resetModules();
    for (const name of MODULES) {
      jest.doMock(name, ...factory);
      jest.doMock(`node:${name}`, ...factory);
    }
    ({ IPC } = require('..'));
  });
  afterAll(() => MODULES.forEach((name) => [name, `node:${name}`].forEach(jest.dontMock)));

  test.each(ends)('messages arrive, by the engine that is used otherwise: %s', async (_, end) => {
    const { place, server, client } = end;
    const at = await place();
    // What is loaded with the first server and client gets the mocks, too.
    const bus = world.ipc(server, IPC);
    at.serve(bus);
    bus.server.on('x', (data, socket) => bus.server.emit(socket, 'y', data));
    await bus.server.start();
    const dialled = world.ipc(client, IPC);
    at.connectTo(dialled, 'server');
    const answered = once(dialled.of.server, 'y');
    dialled.of.server.emit('x', 1);
    expect((await answered)[0]).toBe(1);
    const { file } = require('../src/js/engine/native').loaded();
    expect(file === null).toBe(isScript);
    expect(warnings).not.toHaveBeenCalled();
  });

  test('so do datagrams', async () => {
    const [here, there] = [world.ipc({}, IPC), world.ipc({}, IPC)];
    for (const bus of [here, there]) {
      bus.serveNet('127.0.0.1', '0', 'udp4');
      await bus.server.start();
    }
    const arrived = once(there.server, 'x');
    here.server.emit({ address: 'localhost', port: there.server.server.address().port }, 'x', 1);
    expect((await arrived)[0]).toBe(1);
  });

  test.each(['ipcio', 'ipc2', 'mqueue', 'appview', 'pixivutil2', 'parsers', 'scale'])(
    'ferripc/%s loads',
    (entry) => {
      expect(Object.keys(require(`../${entry}`))).not.toHaveLength(0);
    },
  );
});

/** The engine in JavaScript makes socket files by `fs`. */
const withoutFs = isScript ? ends.filter(([name]) => name !== 'unix') : ends;

test.each(withoutFs)('with stubs of fs and path, messages arrive: %s', async (_, end) => {
  const { options } = await end.place();
  const child = world.child('stubbed.js', [options, end.server, end.client]);
  const { lines, stderr } = await child.exited;
  expect([lines, stderr]).toEqual([['loaded', { answer: 'hello', warnings: [] }], '']);
});

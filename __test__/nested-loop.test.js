'use strict';
// Handlers that run the event loop themselves and wait in it for something, as the package deasync has
// them do: events are delivered within, in order and once. The addon that runs the loop is compiled here,
// from fixtures/nested-loop.c; without a C compiler, and where Node has no libuv for addons, there is no test.

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { pairs } = require('./helpers/combinations');
const { TRANSPORTS, transport } = require('./helpers/transports');
const { createWorld, freePort } = require('./helpers/world');

const compiler = process.env.CC ?? 'cc';
const hasCompiler = process.platform === 'linux' && spawnSync(compiler, ['--version']).status === 0;
const when = hasCompiler ? describe : describe.skip;

const world = createWorld();
let directory;
let addon;

beforeAll(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-'));
  addon = path.join(directory, 'nested-loop.node');
  if (!hasCompiler) return;
  const source = path.join(__dirname, 'fixtures', 'nested-loop.c');
  execFileSync(compiler, ['-shared', '-fPIC', '-o', addon, source]);
});

afterAll(() => fs.rmSync(directory, { recursive: true, force: true }));

/** What a program of the fixture reports, with this driver. */
async function play(driver, name, place, tls) {
  const options = { addon, name, at: place, tls };
  const child = world.child('nested-loop.js', options, { env: { FERRIPC_DRIVER: driver } });
  const { code, signal, lines, stderr } = await child.exited;
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
  return lines[0];
}

const expected = {
  ask: [
    ...['ask 1', 'answer 1', 'got 1', 'ask 2', 'answer 2', 'got 2'],
    ...['ask 3', 'answer 3', 'got 3', 'ask 4', 'answer 4', 'got 4', 'deep'],
  ],
  batch: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
  burst: [20],
  paused: ['pause', 'resume', 'wait', 'answer', 'waited'],
  thrown: ['throw', 'thrown', 'wait', 'answer', 'waited'],
  others: ['connect', 'wait', 'connect', 'hello', 'disconnected', 'waited'],
  events: [...['connect 1', 'in start', 'thrown', 'after'], ...['disconnect', 'connect 2', 'over']],
};

const DRIVERS = ['loop', 'tokio', 'js'];

/** Node's TLS sockets get nothing while a handler of theirs runs, and the JavaScript engine's are Node's. */
const isPossible = ({ name, driver, program }) =>
  name !== 'tls' || driver !== 'js' || ['events', 'others'].includes(program);

const all = pairs({ name: TRANSPORTS, driver: DRIVERS, program: Object.keys(expected) });

when.each(all.filter(isPossible))('$name, driver $driver', ({ name, driver, program }) => {
  const on = transport(name, world);
  const tls = name === 'tls' ? { server: on.server.tls, client: on.client.tls } : undefined;

  test(program, async () => {
    const { options } = await on.place();
    const seen = await play(driver, program, options, tls);
    if (program !== 'batch') {
      const { length } = expected[program];
      expect(seen.slice(0, length)).toEqual(expected[program]); // and then the ends
      return;
    }
    expect(seen.filter((what) => what !== '2 is over')).toEqual(expected.batch);
    expect(seen.indexOf('2 is over')).toBeGreaterThan(seen.indexOf(5));
  });
});

when('a paused socket whose connection has ended', () => {
  test.each(DRIVERS)('driver %s', async (driver) => {
    const seen = await play(driver, 'ended', (await world.place('unix')).options);
    expect(seen.filter(Number)).toEqual([1, 2, 3, 4, 5]);
    expect(seen).toContain('waited');
    expect(seen).toContain('close');
  });
});

when('udp', () => {
  const place = async () => ({ host: '127.0.0.1', port: await freePort() });

  test.each(DRIVERS)('driver %s', async (driver) => {
    const seen = await play(driver, 'udp', await place());
    expect(seen).toEqual(['wait', 'same datagram', 'answer', 'waited']);
  });

  test.each(DRIVERS)('one within the other, driver %s', async (driver) => {
    const seen = await play(driver, 'udpWithin', await place());
    expect(seen).toContain('something else');
    expect(seen.filter((what) => what !== 'something else')).toEqual([
      ...['ask 1', 'ask 2', 'ask 3', 'ask 4', 'answer 4', 'got 4'],
      ...['answer 3', 'got 3', 'answer 2', 'got 2', 'answer 1'],
    ]);
  });
});

'use strict';
// A little of each fuzzer, always the same: `npm run fuzz` has the rest.

const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { Left } = require('./api/left');
const { playIn } = require('./api/run');
const ipcio = require('./ipcio/play');
const { makeCase } = require('./wire/cases');
const { play } = require('./wire/play');
const { SYSTEMS } = require('./api/systems');
const wild = require('./api/wild');
const { keep, kept } = require('./shrink');
const everything = require('../helpers/everything');
const { createWorld } = require('../helpers/world');

const FOREVER = 600_000;
/** How much of it: each night more. */
const COUNT = everything
  ? { wire: 12, api: 25, ipcio: 20, systems: 20 }
  : { wire: 5, api: 12, ipcio: 8, systems: 4 };
const world = createWorld();

afterAll(wild.remove);

describe.each(['unix', 'tcp', 'tls', 'udp'])('random messages over %s', (transport) => {
  const roles = transport === 'udp' ? ['server'] : ['server', 'client'];
  test.each(roles)(
    'with ferripc as the %s, are what a reference says',
    async (role) => {
      for (let seed = 1; seed <= COUNT.wire; seed++) {
        const difference = await play(makeCase(seed, { transport, role }));
        expect([seed, difference]).toEqual([seed, null]);
      }
    },
    FOREVER,
  );
});

test(
  'random calls crash nothing, hang nothing, and show nothing of the inside',
  async () => {
    expect(await playIn({ first: 1, count: COUNT.api })).toBeNull();
  },
  FOREVER,
);

const linuxTest = process.platform === 'linux' ? test : test.skip;

linuxTest.each(SYSTEMS)(
  'random calls of %s crash nothing, settle in the end, and show nothing of the inside',
  async (transport) => {
    const count = transport === 'ipc2' ? Math.ceil(COUNT.systems / 4) : COUNT.systems;
    expect(await playIn({ first: 1, count, transport })).toBeNull();
  },
  FOREVER,
);

describe('cases that have failed', () => {
  test(
    'do not any more',
    async () => {
      for (const [file, made] of kept('wire')) {
        expect([file, await play(made)]).toEqual([file, null]);
      }
      for (const [file, made] of kept('api')) {
        expect([file, await playIn({ sequences: [made] })]).toEqual([file, null]);
      }
    },
    FOREVER,
  );

  test('are kept, to be played here', () => {
    const made = makeCase(3, { transport: 'unix' });
    const file = keep('wire', made, world.tmp());
    const asText = JSON.parse(JSON.stringify(made));
    expect(kept('wire', world.tmp())).toEqual([[path.basename(file), asText]]);
  });
});

const unixTest = process.platform === 'win32' ? test.skip : test;

unixTest(
  'random messages to a server and a client of ipcIO throw nothing, and others go on talking',
  async () => {
    for (let seed = 1; seed <= COUNT.ipcio; seed++) await ipcio.play(seed);
  },
  FOREVER,
);

// What is right is not all: a fuzzer that sees nothing finds nothing.
linuxTest(
  'a descriptor and a process that are left behind are seen, until they are gone',
  async () => {
    const before = new Left();
    const file = fs.openSync(__filename);
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    const seen = [`1 of ${__filename}`, `process ${child.pid}`];
    expect(await before.settled(0)).toEqual(expect.arrayContaining(seen));
    fs.closeSync(file);
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    expect(before.now().filter((it) => seen.includes(it))).toEqual([]);
  },
);

linuxTest('without a C compiler there are no workers that misbehave, and that is said', () => {
  const program = path.join(__dirname, 'api', 'wild.js');
  const script = `const { environmentOf } = require(${JSON.stringify(program)});
    for (let i = 0; i < 2; i++) console.log(environmentOf([{ wild: true }]) === process.env);`;
  const env = { ...process.env, CC: '/nonexistent' };
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], { env });
  expect(String(stdout)).toBe('true\ntrue\n');
  const reason = 'no C compiler: spawnSync /nonexistent ENOENT';
  expect(String(stderr)).toBe(`ipc2 is played without workers that misbehave: ${reason}\n`);
});

test(
  'the comparison sees a message that is missing, changed, or too much',
  async () => {
    const made = {
      ...makeCase(3, { transport: 'unix', role: 'server' }),
      config: { delimiter: '\f', encoding: 'utf8' },
      phases: [
        { frames: ['{"type":"a","data":1}'], rest: '', cuts: [], pauses: 0, emits: [], raw: false },
      ],
      end: 'peer',
    };
    expect(await play(made)).toBeNull();
    const server = require('../../src/js/node-ipc/server').prototype;
    const spy = jest
      .spyOn(server, '_onMessage')
      .mockImplementation(function changed(socket, type, data) {
        this.publish(type, data + 1, socket);
      });
    world.after(() => spy.mockRestore());
    expect(await play(made)).toMatch(/^event 0: \[ 'a', 2 \] instead of \[ 'a', 1 \]/);
    spy.mockImplementation(function twice(socket, type, data) {
      this.publish(type, data, socket);
      this.publish(type, data, socket);
    });
    expect(await play(made)).toMatch(/^one more event/);
  },
  FOREVER,
);

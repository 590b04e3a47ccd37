'use strict';
// Processes and threads of this runtime: what keeps them alive, what they lose at their end, workers,
// modules.

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');
const { check, Unsupported } = require('../harness');
const { KINDS, LARGE } = require('../../helpers/world');
const { once } = require('../../helpers/events');

const ends = (result) =>
  assert.deepEqual(
    { ...result, lines: undefined },
    { code: 0, signal: null, stderr: '', lines: undefined },
  );

for (const name of ['complete', 'stop only', 'give up', 'an unreferenced server']) {
  check(`the process ends by itself: ${name}`, async (world) => {
    ends(await world.child('life.js', [name, world.file()]).exited);
  });
}

for (const name of [
  'disconnect only',
  'disconnect before the connection',
  'an unreferenced client',
]) {
  check(`the process ends by itself: ${name}, though the server goes on`, async (world) => {
    const place = await world.place('unix');
    await world.serve(place);
    ends(await world.child('life.js', [name, place.options.path]).exited);
  });
}

check(
  'the process ends after emit and disconnect, not before 20 MB have left (F6)',
  async (world) => {
    const place = await world.place('unix');
    const server = await world.serve(place);
    const big = once(server, 'big');
    const child = world.child('life.js', ['emit and disconnect', place.options.path]);
    assert.equal((await big)[0].length, LARGE);
    ends(await child.exited);
  },
);

check('a suite of the test runner of this runtime ends well', async (world) => {
  const { bun, deno } = process.versions;
  const file = path.join(__dirname, '..', 'fixtures', 'suite.cjs');
  const words = deno ? ['test', '-A', '--no-check'] : [bun ? 'test' : '--test'];
  const env = { ...process.env, TMPDIR: world.tmp(), TEMP: world.tmp(), NODE_OPTIONS: '' };
  const { stdout } = await promisify(execFile)(process.execPath, [...words, file], { env });
  assert.doesNotMatch(stdout, /fail(ed)? [1-9]|[1-9] fail/);
});

check('the process stays alive with a listening server', async (world) => {
  const place = await world.place('unix');
  const child = world.child('life.js', ['a listening server', place.options.path]);
  await child.next();
  const peer = await world.peer(place);
  for (let n = 0; n < 20; n++) assert.equal((await peer.ask('echo', n)).data, n);
  assert.equal(child.process.exitCode, null);
});

check('the process stays alive with a connected client', async (world) => {
  const place = await world.place('unix');
  const raw = await world.rawServer(place);
  const child = world.child('life.js', ['a connected client', place.options.path]);
  await child.next();
  const peer = await raw.next();
  for (let n = 0; n < 20; n++) assert.equal((await peer.ask('echo', n)).data, n);
  assert.equal(child.process.exitCode, null);
});

for (const size of [10, 100_000]) {
  check(`process.exit() right after an emit of ${size} characters: server`, async (world) => {
    const place = await world.place('unix');
    const child = world.child('life.js', ['exit after emit', place.options.path]);
    await child.next();
    const peer = await world.peer(place);
    assert.equal((await peer.ask('quit', size)).data.length, size);
    assert.equal((await child.exited).code, 3);
  });

  check(`process.exit() right after an emit of ${size} characters: client`, async (world) => {
    const place = await world.place('unix');
    const raw = await world.rawServer(place);
    const child = world.child('life.js', ['client exit after emit', place.options.path]);
    await child.next();
    assert.equal((await (await raw.next()).ask('quit', size)).data.length, size);
    assert.equal((await child.exited).code, 3);
  });
}

for (const kind of KINDS) {
  for (const side of ['server', 'client']) {
    check(
      `${kind}: a throwing handler of the ${side} takes nothing else with it (F4)`,
      async (world) => {
        const { options } = await world.place(kind);
        const result = await world.child('throwing.js', [kind, options, side, false]).next();
        assert.equal(result.delivered.length, 100);
        assert.equal(result.answers, 100);
        assert.equal(result.surfaced.length, 25);
      },
    );
  }
}

check('workers: servers and clients of four threads talk to each other', async (world) => {
  const child = world.child('workers.js', ['exchange', world.file()]);
  const results = [true, true, true, true];
  assert.deepEqual(await child.next(), { results, codes: [0, 0, 0, 0] });
  ends(await child.exited);
});

check('workers: terminated in full traffic, the main thread goes on', async (world) => {
  const child = world.child('workers.js', ['terminate', world.file()]);
  assert.equal(await child.next(), 'survived');
  ends(await child.exited);
});

check('workers: process.exit() with connections open', async (world) => {
  const child = world.child('workers.js', ['exit', world.file()]);
  assert.equal(await child.next(), 5);
  ends(await child.exited);
});

for (const how of ['exit', 'terminate']) {
  check(`workers: ${how} closes what the worker had open, and frees its path`, async (world) => {
    const place = await world.place('unix');
    const script = '../conformance/fixtures/ending-worker.js';
    const child = world.child(script, [how, place.options.path]);
    assert.equal(await child.next(), 'up');
    const peer = await world.peer(place);
    child.tell('end');
    await peer.closed;
    if (how === 'terminate' && process.env.FERRIPC_DRIVER === 'js') {
      throw new Unsupported(
        'without the native engine a worker that is terminated leaves its socket file',
      );
    }
    while (fs.existsSync(place.options.path))
      await new Promise((resolve) => setTimeout(resolve, 10));
    const server = await world.serve(place, { unlink: false });
    await world.meet(server, place);
    assert.equal(child.process.exitCode, null);
  });
}

check('modules: require and import give one singleton (K21)', async (world) => {
  const all = { singleton: true, IPC: true, IPCModule: true, instance: true };
  assert.deepEqual(await world.child('esm.mjs').next(), all);
});

check(
  'modules: by name, from a project that has the package installed (K21, K25)',
  async (world) => {
    fs.mkdirSync(world.file('node_modules'));
    const root = path.join(__dirname, '../../..');
    try {
      fs.symlinkSync(root, world.file('node_modules/ferripc'), 'junction');
    } catch (error) {
      if (error.code === 'ENOTSUP') throw new Unsupported('no links to directories here (Wine)');
      throw error;
    }
    fs.writeFileSync(
      world.file('package.json'),
      '{"name":"project","dependencies":{"ferripc":"*"}}',
    );
    const main = world.file('by-name.mjs');
    fs.copyFileSync(path.join(__dirname, '../fixtures/by-name.mjs'), main);
    assert.deepEqual(await world.child(main, [], { cwd: world.tmp() }).next(), {
      singleton: true,
      classes: true,
      types: ['function', 'function', 'function', 'function'],
      name: 'ferripc',
    });
  },
);

check('modules: evaluated again and again, as by jest, side by side', async (world) => {
  const child = world.child('../conformance/fixtures/again.js', [world.file()]);
  assert.deepEqual(await child.next(), [0, 1, 2, 3, 4]);
  ends(await child.exited);
});

check('the singleton with its default paths (K2, K19)', async (world) => {
  const socketRoot = world.socketPath();
  const child = world.child('../conformance/fixtures/singleton.js', [socketRoot]);
  assert.deepEqual(await child.next(), { path: `${socketRoot}app.world`, reply: 'Hello, Alice!' });
  ends(await child.exited);
});

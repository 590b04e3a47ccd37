'use strict';
// Runs every example as its first comment says and checks what its parts print. Run by jest; the suite
// in jest/ is found by jest itself, and run once more here to see that it ends.

const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const everything = require('../__test__/helpers/everything');
const { onUnix } = require('../__test__/helpers/platform');
const { program } = require('../__test__/helpers/programs');
const { find, isRequired } = require('../scripts/brokers');
const { freeUdpPort } = require('../__test__/helpers/ports');
const { createWorld, freePort } = require('../__test__/helpers/world');

jest.setTimeout(180_000); // a compiler is among them, which takes its time on a busy machine

const world = createWorld();

/** Runs `node <...args>`. Resolves with its exit code and output when it and all it has started end. */
async function run(args, env) {
  const grouped = process.platform !== 'win32';
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env, EXAMPLE_SOCKET_ROOT: world.tmp() + path.sep },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: grouped, // a process group of its own, to end all of it
  });
  world.after(() => {
    try {
      process.kill(grouped ? -child.pid : child.pid, 'SIGKILL');
    } catch {
      // It has ended, as it should.
    }
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (output += text));
  const code = await new Promise((resolve) => child.once('close', resolve));
  return { code, output };
}

/** Runs an example that has to succeed. Returns the lines of its output by part; '' has no part. */
async function example(name, env) {
  const { code, output } = await run([path.join(__dirname, name)], env);
  const parts = {};
  for (const line of output.split('\n').filter(Boolean)) {
    const [, part, text] = /^(?:(\S+) +\| )?(.*)$/.exec(line);
    (parts[part ?? ''] ??= []).push(text);
  }
  expect({ code, output }).toMatchObject({ code: 0 });
  return parts;
}

/** Has an example take a program that is there already; each night it builds its own, with other features. */
const programOf = (name) => (everything ? {} : { EXAMPLE_PROGRAM: program(name) });

test('basic', async () => {
  expect(await example('basic')).toEqual({
    server: ['listening', 'hello says "hello, world"', 'the client has left'],
    client: ['connected', 'the server says "hello, hello"', 'disconnected'],
  });
});

test('broadcast', async () => {
  const { server, ...clients } = await example('broadcast');
  expect(server.slice(0, 3).sort()).toEqual(['alice joins', 'bob joins', 'carol joins']);
  expect(server.slice(3)).toEqual(['alice has left', 'bob has left', 'carol has left']);
  const full = 'in the room: alice, bob, carol';
  expect(clients).toEqual({
    alice: [full],
    bob: [full, 'alice: goodbye, all', 'alice has left'],
    carol: [full, 'alice: goodbye, all', 'alice has left', 'bob has left'],
  });
});

test('sync', async () => {
  expect(await example('sync')).toEqual({
    server: [1, 2, 3].flatMap((number) => [`job ${number} begins`, `job ${number} is done`]),
    client: [
      '3 jobs emitted',
      'result 1: f0a9efc91cfd276bc44b6a7804763328',
      'result 2: 3864e0da1cff01909f3fc214a7342b8e',
      'result 3: 9798d91d3025295028b5ea8965fc3029',
    ],
  });
});

test('raw-buffer', async () => {
  expect(await example('raw-buffer')).toEqual({
    server: ['sensor 1: 210', 'sensor 2: -5', 'sensor 3: 1000'],
    client: ['sensor 1, doubled: 420', 'sensor 2, doubled: -10', 'sensor 3, doubled: 2000'],
  });
});

test('tcp', async () => {
  expect(await example('tcp', { EXAMPLE_PORT: await freePort() })).toEqual({
    server: ['listening on 127.0.0.1 (IPv4)', 'a client from 127.0.0.1'],
    client: ['1 + 2 + 39 = 42'],
  });
});

test('tls', async () => {
  const greeted = '"hello", says 127.0.0.1';
  expect(await example('tls', { EXAMPLE_PORT: await freePort() })).toEqual({
    '': ['encrypted', 'pinned', 'authority', 'mutual'],
    server: [greeted, greeted, greeted, greeted],
    client: [
      'a client that trusts anybody: "come in"',
      'a client that trusts others: refused',
      'a client that trusts this server: "come in"',
      'a client that trusts the authority: "come in"',
      'a client without a certificate: refused',
      'a client with a certificate: "come in"',
    ],
  });
});

onUnix.test('ipc2', async () => {
  const { '': lines } = await example('ipc2', programOf('ipc2_example'));
  const parts = Array.from({ length: 20 }, (_, i) => `${String(5 * (i + 1)).padStart(3)} % done`);
  const shown = lines.filter((line) => !/^ *(Compiling|Finished|Blocking|Downloaded)/.test(line));
  expect(shown).toEqual([...parts, 'There are 17984 primes below 200000.']);
});

onUnix.test('ipc2, the host in Rust', () => {
  const host = everything ? null : program('ipc2_example_host');
  const cargo = ['run', '--quiet', '--package', 'ipc2_example', '--bin', 'ipc2_example_host'];
  const [command, args] = host === null ? ['cargo', cargo] : [host, []];
  const folder = path.dirname(process.execPath);
  const env = { ...process.env, PATH: `${folder}${path.delimiter}${process.env.PATH}` };
  const { stdout } = spawnSync(command, args, { cwd: __dirname, encoding: 'utf8', env });
  expect(stdout.split('\n')).toEqual([
    ...['de in fr: allemand', 'fr in de: Französisch', 'ja in en: Japanese', ''],
  ]);
});

test('rust-sidecar', async () => {
  const { '': lines } = await example('rust-sidecar', programOf('rust_sidecar'));
  const shown = lines.filter((line) => !/^ *(Compiling|Finished|Blocking|Downloaded)/.test(line));
  expect(shown).toEqual([
    'the helper works for the app',
    '25 % done',
    '50 % done',
    '75 % done',
    '100 % done',
    'primes: 9592',
    'RangeError ERR_RANGE: the range ends before it begins',
    'the helper has ended with 0',
  ]);
});

test('appview', async () => {
  const { '': lines } = await example('appview');
  if (process.platform !== 'linux') {
    expect(lines).toEqual(['message queues: only Linux has them']);
    return;
  }
  expect(lines).toEqual([
    'settings: {"log":{"level":"info"}}',
    'sends to: file:///tmp/app.log',
    'new settings: {"log":{"level":"debug"}}',
    'has worked: true',
    'settings: {"log":{"level":"debug"}}',
  ]);
});

test('pixivutil2', async () => {
  const { '': lines } = await example('pixivutil2');
  const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0;
  for (const name of ['first', 'second']) {
    const its = lines.filter((line) => line.startsWith(`${name} `));
    const bars = [1, 2, 3, 4, 5, 6, 7, 8].map((done) => {
      const result = done === 3 ? 'SKIP_DUPLICATE' : 'OK';
      return `${name} [${'#'.repeat(done).padEnd(8, '.')}] ${99887760 + done} ${result}`;
    });
    const made = hasFfmpeg ? ', a film of [0-9]{3,} bytes' : '';
    const end = expect.stringMatching(`^${name} ffmpeg has ended with 0${made}$`);
    expect(its).toEqual([...bars, end]);
  }
  expect(lines).toHaveLength(18);
});

test('ipcio', async () => {
  expect(await example('ipcio')).toEqual({
    server: ['bob wants the sum of 2 and 3'],
    alice: ['bob says hello', 'bob has left'],
    bob: ['2 + 3 = 5', 'alice answers: hello bob'],
  });
});

test('udp', async () => {
  const ports = [await freeUdpPort(), await freeUdpPort(), await freeUdpPort()];
  const { hub, ...peers } = await example('udp', { EXAMPLE_PORTS: ports.join() });
  expect(hub[0]).toBe('bound');
  expect(hub.slice(1).sort()).toEqual([
    'alice joins from 127.0.0.1',
    'alice says goodbye',
    'bob joins from 127.0.0.1',
    'bob says goodbye',
  ]);
  const lines = ['welcome', 'the hub says: begin'];
  expect(peers).toEqual({ alice: lines, bob: lines });
});

test('cluster', async () => {
  const { primary, client } = await example('cluster');
  expect(primary).toEqual(['2 workers have ended']);
  expect(client.sort()).toEqual(['met worker 1', 'met worker 2']);
});

test('several-instances', async () => {
  expect(await example('several-instances')).toEqual({
    '': ['commands: AS JSON', 'lines: AS BYTES', 'the singleton has no server: true'],
  });
});

test('single-instance', async () => {
  expect(await example('single-instance')).toEqual({
    first: ['opens a.txt', 'opens b.txt', 'opens c.txt'],
    second: ['handed over 2'],
    standby: ['waits', 'takes over', 'opens d.txt'],
    third: ['handed over 1'],
  });
});

const nats = find('nats-server');
const natsTest = nats === null && !isRequired ? test.skip : test;

natsTest('scale', async () => {
  const env = {
    EXAMPLE_PORT: await freePort(),
    PATH: [path.dirname(nats.command), process.env.PATH].join(path.delimiter),
  };
  expect(await example('scale', env)).toEqual({
    north: ['is one of the servers'],
    south: ['is one of the servers'],
    alice: ['bob is at south', 'bob answers: How are you? Fine.', 'alice says goodbye'],
    bob: ['alice says goodbye'],
  });
});

test('typescript', async () => {
  expect(await example('typescript')).toEqual({
    client: ['a.txt is noted', 'b.txt is noted', '2 files, 1234 bytes'],
  });
});

test('electron, in plain Node', async () => {
  const steps = ['main: 1 of 3', 'main: 2 of 3', 'main: 3 of 3'];
  expect(await example('electron')).toEqual({
    '': [...steps, 'main: the helper has ended with 0'],
  });
});

test('vscode-extension, in plain Node', async () => {
  const lines = ['activated', 'message: 4 words', 'deactivated, 0 commands left'];
  expect(await example('vscode-extension')).toEqual({ '': lines });
});

test('jest', async () => {
  const { code, output } = await run([path.join(__dirname, 'jest'), '--testTimeout=180000']);
  expect(output).toMatch(/Tests: +4 passed, 4 total/);
  expect(code).toBe(0);
});

test.each(['typescript', 'jest', 'scale'])(
  '%s, where nothing is installed: what to do first',
  async (name) => {
    for (const folder of ['lib', name]) {
      const from = path.join(__dirname, folder);
      fs.cpSync(from, world.file(`examples/${folder}`), { recursive: true });
    }
    const { code, output } = await run([world.file(`examples/${name}`)]);
    expect(code).toBe(1);
    expect(output).toMatch(/^This example needs \S+: run `npm ci --ignore-scripts` first\.\n$/);
  },
);

test('the others need nothing that is installed', () => {
  const files = fs
    .readdirSync(__dirname, { recursive: true })
    .map((name) => path.join(__dirname, name));
  const programs = files.filter((file) => /\.js$/.test(file) && !/\.test\.js$/.test(file));
  expect(programs.length).toBeGreaterThan(20);
  for (const file of programs) {
    const modules = [...fs.readFileSync(file, 'utf8').matchAll(/\brequire\('([^.'][^']*)'\)/g)];
    const others = modules
      .map(([, name]) => name)
      .filter(
        (it) =>
          !/^(node:|ferripc(\/(appview|ipcio|ipc2|pixivutil2|scale))?$|electron$|vscode$)/.test(it),
      );
    expect([file, others]).toEqual([file, []]);
  }
});

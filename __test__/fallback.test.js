'use strict';
// Where no native binary loads, the engine in JavaScript takes its place, and says so once. It is not used where one
// loads, and not where that was forbidden. (The suites of sockets run on it with FERRIPC_DRIVER=js.)

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');
const { ROOT, built, copyPackage, packages, putBinary } = require('./helpers/installed');
const { onLinux, onUnix } = require('./helpers/platform');
const { createWorld, freePort } = require('./helpers/world');

const world = createWorld();

const install = () => copyPackage(world.file('node_modules/ferripc'));
const whole = () => fs.readFileSync(path.join(ROOT, built));

/** What the fixture reports, of the process and of its worker thread; and what it printed as an error. */
async function report(home, { env, flags = [], config = {} } = {}) {
  const child = world.child('fallback.js', [home, world.socketPath(), config], {
    env: { NAPI_RS_NATIVE_LIBRARY_PATH: '', FERRIPC_DRIVER: '', ...env },
    runtime: [process.execPath, ...flags],
  });
  const { code, lines, stderr } = await child.exited;
  expect([code, stderr]).toEqual([0, expect.any(String)]);
  return { lines, stderr };
}

/** The lines that a script prints which runs on the engine in JavaScript. */
async function evaluate(script, flags = []) {
  const env = { ...process.env, FERRIPC_DRIVER: 'js' };
  const args = [...flags, '-e', `(async () => {${script}})()`];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { env });
  expect(stderr).toBe('');
  return stdout.trim().split('\n');
}

/** Exactly one warning, with its reason, in all threads: both work. */
async function expectFallback(home, reason, options) {
  const { lines, stderr } = await report(home, options);
  const works = { reply: 'hello world', driver: 'js' };
  const warning = ['FerripcWarning', 'FERRIPC_FALLBACK', expect.stringMatching(reason)];
  expect(lines).toEqual([
    { ...works, told: ['ERR_FERRIPC_NO_BINARY'], warnings: [warning] },
    { ...works, told: [], warnings: [] },
  ]);
  expect(stderr.match(/\[FERRIPC_FALLBACK\]/g)).toHaveLength(1);
}

const permission = ['--permission', '--experimental-permission'].find((it) =>
  process.allowedNodeEnvironmentFlags.has(it),
);

test('a driver that does not exist is refused by name', async () => {
  const start = `const ipc = require(${JSON.stringify(ROOT)}); ipc.connectTo('world');`;
  for (const driver of ['JS', 'none']) {
    const env = { ...process.env, FERRIPC_DRIVER: driver };
    const run = promisify(execFile)(process.execPath, ['-e', start], { env });
    const message = `FERRIPC_DRIVER is "loop", "tokio" or "js", and not "${driver}"`;
    await expect(run).rejects.toMatchObject({ stderr: expect.stringContaining(message) });
  }
});

describe('it takes over', () => {
  test('where there is no binary, for one warning in all threads', async () => {
    await expectFallback(install(), /not found: .*\n- Reinstall on this platform/);
  });

  test('with --no-addons', async () => {
    const home = install();
    putBinary(home);
    await expectFallback(home, /leave out --no-addons/, { flags: ['--no-addons'] });
  });

  (permission ? onUnix.test : test.skip)('with --permission', async () => {
    const home = install();
    putBinary(home);
    const flags = [permission, '--allow-fs-read=*', '--allow-fs-write=*', '--allow-worker'];
    if (process.allowedNodeEnvironmentFlags.has('--allow-net')) flags.push('--allow-net');
    await expectFallback(home, /add --allow-addons/, { flags });
  });

  test('for a file that was cut off', async () => {
    const home = install();
    putBinary(home, whole().subarray(0, 100_000));
    await expectFallback(home, /was cut off/);
  });

  onLinux.test('for a binary of another processor', async () => {
    const home = install();
    const other = whole();
    other.writeUInt16LE(process.arch === 'x64' ? 183 : 62, 18); // e_machine
    putBinary(home, other);
    await expectFallback(home, /installed for another machine/);
  });

  test('for a binary of another version, of which nothing is used', async () => {
    const home = install();
    const other = world.file(`node_modules/${packages[0]}`);
    fs.mkdirSync(other);
    const text =
      "module.exports = { Hub: class { constructor() { process.exit(9); } }, VERSION: '9.9.9' };";
    fs.writeFileSync(path.join(other, 'index.js'), text);
    await expectFallback(
      home,
      /its version is 9\.9\.9.*\n(.*\n)*- Package and binary are of different versions/,
    );
  });
});

describe('FERRIPC_DRIVER=js', () => {
  const env = { FERRIPC_DRIVER: 'js' };

  test('has the JavaScript engine used without a warning, and leaves the binary alone', async () => {
    const home = install();
    putBinary(home); // whose loading the fixture would show as another driver
    const { lines, stderr } = await report(home, { env });
    const works = { reply: 'hello world', driver: 'js', told: [], warnings: [] };
    expect([lines, stderr]).toEqual([[works, works], '']);
  });

  onLinux.test('other systems are refused: they need the binary', async () => {
    const calls = {
      ipc2: "it.spawn('program')",
      mqueue: "it.open('/ferripc-fallback', { create: true })",
      appview: 'new it.AppViewServer().start()',
      pixivutil2: "it.Agent.connect({ comm: 'tcp://127.0.0.1:1', task: 'tcp://127.0.0.1:2' })",
    };
    const attempts = Object.entries(calls).map(([name, call]) => {
      return `async (it = require(${JSON.stringify(path.join(ROOT, name))})) => ${call}`;
    });
    const said = await evaluate(`
      for (const attempt of [${attempts}]) await attempt().then(console.log, ({ code }) => console.log(code));`);
    expect(said).toEqual(Object.keys(calls).map(() => 'ERR_FERRIPC_NO_BINARY'));
  });

  test('values as they are, are refused: the setting is named', async () => {
    const said = await evaluate(`
      const { IPC } = require(${JSON.stringify(ROOT)});
      const ipc = new IPC();
      Object.assign(ipc.config, { silent: true, serialization: 'advanced' });
      const path = ${JSON.stringify(world.socketPath())};
      for (const act of [() => ipc.serve(path), () => ipc.connectTo('x', path)]) {
        try { act(); } catch (error) { console.log(error.name + ': ' + error.message); }
      }`);
    const refusal = "TypeError: config.serialization 'advanced' needs the native binary";
    expect(said).toEqual([refusal, refusal]);
  });

  (permission ? onUnix.test : test.skip)(
    "what Node's permission model forbids is an error event, and leaves no file",
    async () => {
      // From 25 on everything that listens or connects needs --allow-net.
      const isOfNet = process.allowedNodeEnvironmentFlags.has('--allow-net');
      const socket = world.socketPath();
      const port = await freePort();
      const calls = {
        unix: `ipc.serve(${JSON.stringify(socket)})`,
        tcp: isOfNet && `ipc.serveNet('127.0.0.1', ${port})`,
        name: isOfNet && `ipc.serveNet('localhost', ${port})`,
        udp: isOfNet && `ipc.serveNet('127.0.0.1', ${port}, 'udp4')`,
      };
      const names = Object.keys(calls).filter((name) => calls[name]);
      const starts = names.map(
        (name) => `${name}(ipc) { ${calls[name]}; return ipc.server.start(); }`,
      );
      const said = await evaluate(
        `
        const { IPC } = require(${JSON.stringify(ROOT)});
        const starts = { ${starts} };
        for (const [name, start] of Object.entries(starts)) {
          const ipc = new IPC();
          ipc.config.silent = true;
          await start(ipc).then(() => console.log(name), ({ code }) => console.log(name, code));
        }`,
        [permission, '--allow-fs-read=*', '--no-warnings'],
      );
      expect(said).toEqual(names.map((name) => `${name} ERR_ACCESS_DENIED`));
      expect(fs.readdirSync(path.dirname(socket)).filter((name) => /^\./.test(name))).toEqual([]);
    },
  );

  onUnix.test('config.allowPeer is refused: Node does not tell who connects', async () => {
    const said = await evaluate(`
      const { IPC } = require(${JSON.stringify(ROOT)});
      const ipc = new IPC();
      Object.assign(ipc.config, { silent: true, allowPeer: () => true });
      ipc.serve(${JSON.stringify(world.socketPath())});
      try { ipc.server.start(); } catch ({ code, message }) { console.log(code + '\\n' + message); }`);
    expect(said).toEqual(['ERR_FERRIPC_ALLOW_PEER', expect.stringContaining('the native binary')]);
  });
});

test('further attempts with TLS reuse what the first one made of the settings', async () => {
  const said = await evaluate(`
    const tls = require('node:tls');
    const { createSecureContext } = tls;
    let made = 0;
    tls.createSecureContext = (...args) => (made++, createSecureContext(...args));
    const { IPC } = require(${JSON.stringify(ROOT)});
    const attempts = (settings) => new Promise((resolve) => {
      const ipc = new IPC();
      Object.assign(ipc.config, { silent: true, retry: 1, maxRetries: 2, tls: settings });
      ipc.connectToNet('nobody', '127.0.0.1', 1);
      ipc.of.nobody.on('destroy', resolve);
    });
    for (const settings of [{}, { rejectUnauthorized: false }, { maxVersion: 'TLSv1.2' }]) {
      await attempts(settings);
      console.log(made);
    }`);
  expect(said).toEqual(['1', '1', '2']);
});

describe('it is forbidden', () => {
  test.each([
    ['by FERRIPC_NO_FALLBACK', { env: { FERRIPC_NO_FALLBACK: '1' } }],
    ['by config.fallback', { config: { fallback: false } }],
  ])('%s', async (_, options) => {
    const home = install();
    const refused = { code: 'ERR_FERRIPC_NO_BINARY', told: [], warnings: [] };
    expect((await report(home, options)).lines).toEqual([expect.objectContaining(refused)]);
    // Asked for in one place, and forbidden in another.
    const both = { ...options, env: { ...options.env, FERRIPC_DRIVER: 'js' } };
    const { lines } = await report(home, both);
    expect(lines).toEqual([expect.objectContaining(refused)]);
    expect(lines[0].message).toContain('FERRIPC_DRIVER=js leaves the native binary out');
    // Where there is a binary, it makes no difference.
    putBinary(home);
    const works = { reply: 'hello world', driver: expect.stringMatching(/loop|tokio/) };
    expect((await report(home, options)).lines[0]).toMatchObject(works);
  });

  test('by NAPI_RS_NATIVE_LIBRARY_PATH, which names the only binary to load', async () => {
    const home = install();
    putBinary(home);
    const env = { NAPI_RS_NATIVE_LIBRARY_PATH: world.file('nothing') };
    const { lines } = await report(home, { env });
    expect(lines).toEqual([expect.objectContaining({ code: 'ERR_FERRIPC_NO_BINARY', told: [] })]);
  });
});

test('where the binary loads it is not used, and nothing is said', async () => {
  const home = install();
  putBinary(home);
  const { lines, stderr } = await report(home);
  const works = { reply: 'hello world', driver: expect.stringMatching(/loop|tokio/) };
  const silent = { ...works, told: [], warnings: [] };
  expect([lines, stderr]).toEqual([[silent, silent], '']);
});

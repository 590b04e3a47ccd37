'use strict';
// `ferripc list`: what is alive, dead and no socket at all; and that looking disturbs nobody.

const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { commandOf, leaveDeadSocket } = require('../helpers/command');
const { once } = require('../helpers/events');
const { onLinux, onUnix } = require('../helpers/platform');
const { createWorld } = require('../helpers/world');

jest.setTimeout(120_000); // processes, on a busy machine

const world = createWorld();
const { run } = commandOf(world);

const at = (name) => path.join(world.tmp(), `app.${name}`);
const root = () => ['--root', world.tmp()]; // a folder, without its slash

async function list(...args) {
  const { code, stdout, stderr } = await run(['list', '--json', ...root(), ...args]);
  expect(code).toBe(0);
  const found = stdout.split('\n').filter(Boolean).map(JSON.parse);
  return { found: Object.fromEntries(found.map((it) => [it.id ?? it.path, it])), stderr };
}

const place = (file) => ({
  serve: (ipc) => ipc.serve(file),
  connectTo: (ipc, id) => ipc.connectTo(id, file),
});

onUnix.test('alive, dead, and with --all what is not a socket', async () => {
  const server = await world.serve(place(at('alive')), { tap: true });
  let seen = 0;
  server.on('connect', () => seen++);
  leaveDeadSocket(at('dead'));
  fs.writeFileSync(at('file'), 'mine');
  fs.mkdirSync(at('folder'));
  fs.symlinkSync(at('alive'), at('link'));
  fs.writeFileSync(world.file('other'), '');
  const { found } = await list();
  expect(Object.keys(found)).toEqual(['alive', 'dead']);
  const { uid, username } = os.userInfo();
  expect(found.alive).toMatchObject({
    state: 'alive',
    path: at('alive'),
    abstract: false,
    uid,
    user: username,
    mode: (fs.statSync(at('alive')).mode & 0o777).toString(8).padStart(4, '0'),
    tap: true,
  });
  expect(Math.abs(Date.parse(found.alive.since) - Date.now())).toBeLessThan(600_000);
  expect(found.dead).toMatchObject({ state: 'dead', pid: null, tap: false });
  const all = (await list('--all')).found;
  const states = Object.entries(all).filter(([, it]) => !it.abstract);
  expect(Object.fromEntries(states.map(([id, { state }]) => [id, state]))).toEqual({
    alive: 'alive',
    dead: 'dead',
    file: 'file',
    folder: 'folder',
    link: 'link',
  });
  const { stdout } = await run(['list', '--quiet', ...root()]);
  expect(stdout).toBe('alive\n');
  if (process.platform === 'linux') {
    expect(found.alive).toMatchObject({
      pid: process.pid,
      command: expect.stringMatching(/^node/),
    });
    expect(seen).toBe(0);
  }
  expect(fs.readFileSync(at('file'), 'utf8')).toBe('mine');
  expect(fs.lstatSync(at('dead')).isSocket()).toBe(true);
});

onLinux.test(
  'a server is disturbed only where nothing else can tell, and that is said',
  async () => {
    const first = await world.serve(place(at('x')));
    const second = await world.serve(place(at('x'))); // takes the path over: known by a name beside
    const connected = once(second, 'connect');
    await first.stop();
    const { found, stderr } = await list();
    expect(found.x).toMatchObject({ state: 'alive', pid: process.pid });
    expect(stderr).toBe(
      `ferripc: had to connect to these servers, which they have noticed: ${at('x')}\n`,
    );
    await connected;
    const probed = await list('--probe');
    expect([probed.found.x.state, probed.stderr]).toEqual(['alive', '']);
  },
);

onUnix.test('a table for people, in which names cannot control the terminal', async () => {
  const name = 'evil\x1b[31m';
  const server = net.createServer().listen(at(name));
  world.after(() => server.close());
  await once(server, 'listening');
  const { code, stdout } = await run(['list', ...root()]);
  expect(code).toBe(0);
  const [head, row] = stdout.trim().split('\n');
  expect(head).toMatch(/^ID +STATE +SERVER +USER +MODE +SINCE +PATH$/);
  expect(row).toMatch(/^evil\\u001b\[31m +alive +/);
  const colored = await run(['list', ...root()], { env: { FORCE_COLOR: '1' } });
  expect(colored.stdout).toContain('\x1b[32malive\x1b[0m');
  const quiet = await run(['list', ...root()], { env: { NO_COLOR: '1' } });
  expect(quiet.stdout).toBe(stdout);
});

test('nothing, or no folder', async () => {
  const { code, stdout, stderr } = await run(['list', ...root()]);
  expect([code, stdout]).toEqual([0, '']);
  expect(stderr).toMatch(/^no sockets /);
  if (process.platform === 'win32') return;
  const missing = await run(['list', '--root', '/nonexistent/']);
  expect(missing).toEqual({
    code: 1,
    stdout: '',
    stderr: 'ferripc: there is no folder /nonexistent\n',
  });
});

onLinux.test('a folder without permission to read it', async () => {
  const isRoot = process.getuid() === 0;
  const wrap = isRoot ? ['setpriv', '--reuid=65534', '--clear-groups'] : [];
  const folder = world.file('private');
  fs.mkdirSync(folder, { mode: isRoot ? 0o700 : 0 });
  fs.chmodSync(world.tmp(), 0o755);
  const alone = await run(['--version'], { wrap }).catch(() => ({ code: 1 }));
  if (alone.code !== 0) return; // nobody else may run this checkout
  const { code, stderr } = await run(['list', '--root', `${folder}/`], { wrap });
  expect([code, stderr]).toEqual([1, `ferripc: you may not read ${folder}: permission denied\n`]);
  fs.chmodSync(folder, 0o700);
});

onUnix.test('ends quietly when its output is closed', async () => {
  leaveDeadSocket(at('dead'));
  const { code, stderr } = await run(['list', ...root()], {
    wrap: ['sh', '-c', '{ "$@"; echo "ended with $?" >&2; } | :', 'sh'],
  });
  expect([code, stderr]).toEqual([0, 'ended with 0\n']);
});

onLinux.test('says so when its output cannot be written', async () => {
  leaveDeadSocket(at('dead'));
  const wrap = ['sh', '-c', '"$@" > /dev/full', 'sh'];
  const { code, stderr } = await run(['list', ...root()], { wrap });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^ferripc: .*ENOSPC.*\n$/);
});

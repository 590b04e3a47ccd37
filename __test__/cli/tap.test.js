'use strict';
// A server's tap and `ferripc tap`: what it shows, of every transport; to whom; and that it costs the server nothing.

const { execFile } = require('node:child_process');
const { channel } = require('node:diagnostics_channel');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { promisify } = require('node:util');
const { commandOf } = require('../helpers/command');
const { once, record } = require('../helpers/events');
const { onLinux, onUnix } = require('../helpers/platform');
const { TRANSPORTS, createWorld, freePort } = require('../helpers/world');

jest.setTimeout(120_000); // processes, on a busy machine

const world = createWorld();
const { run, start } = commandOf(world);

const received = channel('ferripc:message:received');

/** `config` of a server whose tap is in the test's directory, whatever its transport is. */
const tapped = (tap = true) => ({ id: 'tapped', socketRoot: `${world.tmp()}/`, tap });

const tapOf = (server) =>
  server.port ? path.join(world.tmp(), 'app.tapped.tap') : `${server.path}.tap`;

/** Bytes of a message on the wire, without its delimiter. */
const lengthOf = (type, data) => Buffer.byteLength(JSON.stringify({ type, data }));

/** `ferripc tap --json` that listens to the server. */
async function tap(server, args = [], options) {
  const running = start(['tap', tapOf(server), '--json', ...args], options);
  const [{ event, pid, payloads }] = await running.values(1);
  expect([event, pid, payloads]).toEqual(['tap', process.pid, server.config.tap.payloads ?? false]);
  return running;
}

onUnix.describe.each(TRANSPORTS)('of a server on %s', (kind) => {
  test('types, lengths, directions, connections and payloads', async () => {
    const place = await world.place(kind);
    const server = await world.serve(place, tapped({ payloads: true }));
    server.on('question', (data, socket) => server.emit(socket, 'answer', [data.text]));
    expect(fs.statSync(tapOf(server)).mode & 0o777).toBe(0o600);
    const running = await tap(server, ['--payloads']);
    const client = await world.connect(place);
    const text = 'x'.repeat(100_000);
    const answered = once(client, 'answer');
    client.emit('question', { id: 'me', text: 'why\x1b?' });
    await answered;
    client.emit('long', text);
    client.leave();
    const [open, question, answer, long, close] = await running.values(5);
    const who = { connection: 1, peer: open.peer };
    expect(open.peer).toMatchObject(
      kind === 'unix' ? { uid: process.getuid() } : { address: '127.0.0.1' },
    );
    expect(Math.abs(Date.parse(open.time) - Date.now())).toBeLessThan(600_000);
    const rest = ({ time, ...facts }) => [typeof time, facts][1];
    expect(rest(open)).toEqual({ event: 'open', ...who });
    expect(rest(question)).toEqual({
      event: 'message',
      direction: 'in',
      type: 'question',
      bytes: lengthOf('question', { id: 'me', text: 'why\x1b?' }),
      ...who,
      payload: { id: 'me', text: 'why\x1b?' },
    });
    expect(rest(answer)).toEqual({
      event: 'message',
      direction: 'out',
      type: 'answer',
      bytes: lengthOf('answer', ['why\x1b?']),
      ...who,
      name: 'me',
      payload: ['why\x1b?'],
    });
    expect(rest(long)).toMatchObject({ type: 'long', bytes: lengthOf('long', text), cut: true });
    expect(long.text).toHaveLength(65_536);
    expect(rest(close)).toEqual({ event: 'close', hadError: false, ...who, name: 'me' });
    expect(running.stdout).not.toContain('\x1b');
    await server.stop({ disconnect: true });
    expect(await running.ended).toMatchObject({ code: 0, stderr: '' });
    expect(fs.existsSync(tapOf(server))).toBe(false);
  });
});

onUnix.test('of a server on UDP, whose peers have addresses', async () => {
  const ipc = world.ipc(tapped({ payloads: true }));
  ipc.serveNet('127.0.0.1', await freePort(), 'udp4');
  await ipc.server.start();
  const running = await tap(ipc.server, ['-p', '-n', '2']);
  const other = world.ipc();
  other.serveNet('127.0.0.1', await freePort(), 'udp4');
  await other.server.start();
  ipc.server.on('hello', (data, peer) => ipc.server.emit(peer, 'welcome', 1));
  other.server.emit({ address: '127.0.0.1', port: ipc.server.port }, 'hello', { a: 1 });
  const peer = { address: '127.0.0.1', port: other.server.server.address().port };
  expect(await running.values(2)).toMatchObject([
    { direction: 'in', type: 'hello', peer, payload: { a: 1 } },
    { direction: 'out', type: 'welcome', peer, payload: 1 },
  ]);
  expect(await running.ended).toMatchObject({ code: 0 });
});

onUnix.test('in raw mode: bytes', async () => {
  const place = await world.place('unix');
  const server = await world.serve(place, { ...tapped({ payloads: true }), rawBuffer: true });
  const running = await tap(server, ['-p', '-n', '1']);
  const peer = await world.peer(place);
  peer.socket.write(Buffer.from([0, 255]));
  const [, message] = await running.values(2);
  expect(message).toMatchObject({ event: 'message', type: null, bytes: 2, base64: 'AP8=' });
});

onUnix.test('of values as they are: as Node shows them', async () => {
  const place = await world.place('unix');
  const values = { serialization: 'advanced' };
  const server = await world.serve(place, { ...tapped({ payloads: true }), ...values });
  server.on('put', (data, socket) => server.emit(socket, 'got', new Set([data.get('size')])));
  const running = await tap(server, ['-p', '-n', '4']);
  const client = await world.connect(place, values);
  client.emit('put', new Map([['size', 5n]]));
  client.emit('long', 'x'.repeat(100_000));
  client.emit('large', Buffer.alloc(2 << 20));
  const [, put, got, long, large] = await running.values(5);
  const at = { connection: 1, peer: put.peer, event: 'message', time: expect.any(String) };
  const size = { bytes: expect.any(Number) };
  expect(put).toEqual({
    ...at,
    ...size,
    direction: 'in',
    type: 'put',
    text: "Map(1) { 'size' => 5n }",
  });
  expect(got).toEqual({ ...at, ...size, direction: 'out', type: 'got', text: 'Set(1) { 5n }' });
  expect(long).toMatchObject({ type: 'long', text: expect.stringContaining('more characters') });
  expect(large).toEqual({ ...at, ...size, direction: 'in', type: 'large', cut: true });
});

onUnix.test.each(['', 'tokio'])('for people, several at once (driver: %j)', async (driver) => {
  const env = { FERRIPC_DRIVER: driver };
  const file = world.file();
  const server = start(['serve', file, '--echo', '--quiet', '--tap'], { env });
  await server.says('listening');
  const [one, other, third] = [
    start(['tap', file, '-n', '2'], { env }),
    start(['tap', file, '-p', '--type', 'b*', '--type', '?', '-n', '2'], { env }),
    start(['tap', file, '--type', 'never'], { env }),
  ];
  await Promise.all([one, other, third].map((it) => it.says(`, unix ${file}, connections: 0\n`)));
  const client = await world.connect({ connectTo: (ipc, id) => ipc.connectTo(id, file) });
  const back = once(client, 'b\x1b[2J');
  client.emit('a1', 1);
  client.emit('b\x1b[2J', { text: '\x9b' });
  await back;
  const time = String.raw`\d\d:\d\d:\d\d\.\d{3}`;
  const lines = (await one.ended).stdout.trim().split('\n');
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(new RegExp(`^${time}  open  #1 pid ${process.pid}$`));
  expect(lines[1]).toMatch(new RegExp(`^${time}  in {3}#1 pid ${process.pid}  a1  \\d+ B$`));
  expect(lines[2]).toMatch(new RegExp(`^${time}  out  #1 pid ${process.pid}  a1  \\d+ B$`));
  const seen = (await other.ended).stdout.trim().split('\n');
  const bytes = lengthOf('b\x1b[2J', { text: '\x9b' });
  expect(seen.map((line) => line.replace(/.* {2}b/, 'b'))).toEqual([
    `b\\u001b[2J  ${bytes} B  {"text":"\\u009b"}`,
    `b\\u001b[2J  ${bytes} B  {"text":"\\u009b"}`,
  ]);
  expect(await third.kill('SIGINT')).toMatchObject({ code: 0, stdout: '' });
  const last = start(['tap', file], { env });
  await last.says('connections: 1');
  await server.kill('SIGKILL');
  expect(await last.ended).toMatchObject({ code: 1, stderr: expect.stringContaining('is gone') });
});

onUnix.describe('who may', () => {
  test('nobody without the setting: nothing is opened, and the command says what to do', async () => {
    const place = await world.place('unix');
    const server = await world.serve(place);
    expect(fs.readdirSync(path.dirname(server.path))).toEqual([path.basename(server.path)]);
    const { code, stderr } = await run(['tap', server.path]);
    expect(code).toBe(1);
    expect(stderr).toContain('config.tap = true');
    const nobody = await run(['tap', `${server.path}-none`]);
    expect([nobody.code, nobody.stdout]).toEqual([3, '']);
    expect(received.hasSubscribers).toBe(false);
  });

  test('payloads only if the server allows them', async () => {
    const place = await world.place('unix');
    const server = await world.serve(place, tapped());
    const { code, stderr } = await run(['tap', server.path, '--payloads']);
    expect(code).toBe(1);
    expect(stderr).toContain('config.tap = { payloads: true }');
    const running = await tap(server, ['-n', '1']);
    const client = await world.connect(place);
    client.emit('secret', 'secret payload');
    await running.ended;
    expect(running.stdout).not.toContain('secret payload');
  });

  test.each([
    [{ FERRIPC_TAP: '1' }, undefined, false],
    [{ FERRIPC_TAP: 'payloads' }, null, true],
    [{ FERRIPC_TAP: 'payloads' }, true, false],
    [{ FERRIPC_TAP: '1' }, false, null],
    [{ FERRIPC_TAP: '0' }, undefined, null],
  ])('%j and config.tap %j: %s', async (env, setting, payloads) => {
    const before = process.env.FERRIPC_TAP;
    Object.assign(process.env, env);
    try {
      const place = await world.place('unix');
      const server = await world.serve(place, { tap: setting });
      expect(fs.existsSync(`${server.path}.tap`)).toBe(payloads !== null);
      if (payloads === null) return;
      const reader = await connectTap(server.path);
      expect((await reader.message()).data).toMatchObject({ payloads, pid: process.pid });
    } finally {
      if (before === undefined) delete process.env.FERRIPC_TAP;
      else process.env.FERRIPC_TAP = before;
    }
  });

  test.each([
    [1, 'The "config.tap" argument must be true, false or an object. Received type number'],
    ['payloads', /config\.tap/],
    [{ payloads: 1 }, /config\.tap\.payloads/],
    [{ path: '' }, /config\.tap\.path/],
    [{ paylods: true }, 'config.tap has no setting "paylods"'],
  ])('a setting that is none is refused by name: %j', async (setting, message) => {
    const server = world.host(await world.place('unix'), { tap: setting });
    expect(() => server.start()).toThrow(message);
    expect(server.server).toBe(false);
  });

  onLinux.test('another user is sent away before anything is said', async () => {
    if (process.getuid() !== 0) return;
    const place = await world.place('unix');
    const server = await world.serve(place, tapped());
    fs.chmodSync(world.tmp(), 0o755);
    fs.chmodSync(tapOf(server), 0o777);
    const script = `
      const socket = require('node:net').connect(process.argv[1], () => {
        socket.write('{"type":"tap","data":{}}\\f');
      });
      socket.on('data', (data) => console.log(String(data)));
      socket.on('error', () => {});
      socket.on('close', () => console.log('closed'));`;
    const args = ['--reuid=65534', '--clear-groups', process.execPath, '-e', script, tapOf(server)];
    const { stdout } = await promisify(execFile)('setpriv', args, { cwd: '/' });
    expect(stdout).toBe('closed\n');
  });
});

/** A reader of a tap by hand. */
async function connectTap(file, wish = {}) {
  const place = { dial: () => net.connect(`${file}.tap`), up: 'connect' };
  const peer = await world.peer(place);
  peer.send('tap', wish);
  return peer;
}

onUnix.describe('the server', () => {
  test('waits for no reader, and keeps nothing for one that does not read: it counts', async () => {
    const place = await world.place('unix');
    const server = await world.serve(place, { ...tapped({ payloads: true }), maxConnections: 1 });
    const reader = await connectTap(server.path, { payloads: true });
    await reader.message();
    reader.socket.pause();
    const client = await world.connect(place);
    const COUNT = 5000;
    let came = 0;
    const all = new Promise((resolve) => {
      server.on('flood', () => {
        if (++came === COUNT) resolve();
      });
    });
    const data = 'x'.repeat(2000);
    for (let i = 0; i < COUNT; i++) client.emit('flood', data);
    await all;
    expect(server.sockets).toHaveLength(1);
    reader.socket.resume();
    let shown = 0;
    for (;;) {
      const { records, skipped } = (await reader.message()).data;
      shown += records.filter(({ event }) => event === 'message').length;
      if (!skipped) continue;
      expect(shown + skipped).toBe(COUNT);
      break;
    }
    // What the system takes for a socket, and 256 KiB.
    expect(shown).toBeLessThan(COUNT / 4);
    client.emit('flood', 'last');
    const last = (await reader.message()).data.records;
    expect(last).toMatchObject([{ type: 'flood', payload: 'last' }]);
  });

  test('is not seen to have one: no event, no connection, no message of its channels', async () => {
    const seen = [];
    const hear = (message, name) => seen.push([name, message]);
    const names = ['connection:open', 'message:sent', 'message:received', 'server:listening'];
    const channels = names.map((name) => channel(`ferripc:${name}`));
    for (const it of channels) it.subscribe(hear);
    world.after(() => channels.forEach((it) => it.unsubscribe(hear)));
    const server = world.host(await world.place('unix'), tapped());
    const events = record(server);
    await server.start();
    const reader = await connectTap(server.path);
    await reader.message();
    expect(events.map(([type]) => type)).toEqual(['start']);
    expect(server.sockets).toEqual([]);
    expect(seen.map(([name]) => name)).toEqual(['ferripc:server:listening']);
  });

  test('and hostile readers: neither is disturbed', async () => {
    const place = await world.place('unix');
    const server = await world.serve(place, tapped());
    const bad = await Promise.all(
      ['\0'.repeat(1000), '{}\fnull\f{"type":"tap.records"}\f', 'x'.repeat(200_000)].map(
        async (text) => {
          const peer = await connectTap(server.path, {
            types: [1, 'x'.repeat(1e4)],
            payloads: 'y',
          });
          peer.socket.write(text);
          return peer;
        },
      ),
    );
    await bad[0].message();
    bad[0].socket.destroy();
    const reader = await connectTap(server.path, { types: ['good'] });
    await reader.message();
    const client = await world.connect(place);
    client.emit('other');
    client.emit('good');
    const { records } = (await reader.message()).data;
    expect(records.map(({ type }) => type)).toEqual(['good']);
  });

  test('goes on where there can be no tap, and says so', async () => {
    const file = world.socketPath();
    fs.writeFileSync(`${file}.tap`, 'mine');
    const server = world.host({ serve: (ipc) => ipc.serve(file) }, { tap: true });
    const failed = once(server, 'error');
    await server.start();
    const [error] = await failed;
    expect(error).toMatchObject({
      code: 'EADDRINUSE',
      message: expect.stringMatching(/^config\.tap: nobody can tap this server: /),
    });
    expect(fs.readFileSync(`${file}.tap`, 'utf8')).toBe('mine');
    await world.connect({ connectTo: (ipc, id) => ipc.connectTo(id, file) });
  });

  test('has it again when it starts again, and hands it over with its path', async () => {
    const file = world.socketPath();
    const place = {
      serve: (ipc) => ipc.serve(file),
      connectTo: (ipc, id) => ipc.connectTo(id, file),
    };
    const server = await world.serve(place, tapped());
    await server.stop();
    await server.start();
    expect(fs.existsSync(`${file}.tap`)).toBe(true);
    const second = await world.serve(place, { ...tapped(), id: 'second' });
    const reader = await connectTap(file);
    expect((await reader.message()).data).toMatchObject({ id: 'second' });
    await server.stop();
    expect(fs.existsSync(`${file}.tap`)).toBe(true);
    await second.stop();
    await reader.closed;
    expect(fs.existsSync(`${file}.tap`)).toBe(false);
  });

  test('and readers that come while it ends', async () => {
    for (let i = 0; i < 10; i++) {
      const place = await world.place('unix');
      const server = await world.serve(place, tapped());
      const dial = { dial: () => net.connect(`${server.path}.tap`), up: 'connect' };
      const readers = [await world.peer(dial), await world.peer(dial)];
      for (const reader of readers) reader.send('tap', {});
      await server.stop();
      await Promise.all(readers.map(({ closed }) => closed));
    }
  });

  test('cannot have it at its own path', async () => {
    const file = world.socketPath();
    const server = world.host({ serve: (ipc) => ipc.serve(file) }, { tap: { path: file } });
    expect(() => server.start()).toThrow('config.tap.path is the path of the server itself');
  });

  test('ends, and so does its process, while somebody reads', async () => {
    const child = world.child(path.join(__dirname, 'tapped.js'), [world.file()]);
    const file = await child.next();
    const reader = await connectTap(file);
    await reader.message();
    child.tell('stop');
    expect(await child.exited).toMatchObject({ code: 0, stderr: '' });
  });
});

onLinux.test('in a cluster each worker has one, and all are shown', async () => {
  const child = world.child(path.join(__dirname, 'tapped.js'), [world.file(), 'cluster']);
  const file = await child.next();
  const running = start(['tap', file, '--json', '--type', 'from *', '-n', '2']);
  const facts = await running.values(2);
  expect(new Set(facts.map(({ pid }) => pid)).size).toBe(2);
  // The primary gives them to the workers in turns.
  const place = { connectTo: (ipc, id) => ipc.connectTo(id, file) };
  const clients = [await world.connect(place), await world.connect(place)];
  for (const client of clients) client.emit('who');
  const types = (await running.values(2)).map(({ type }) => type);
  expect(types.sort()).toEqual(['from 1', 'from 2']);
  expect(await running.ended).toMatchObject({ code: 0 });
});

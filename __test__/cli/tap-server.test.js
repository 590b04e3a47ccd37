'use strict';
// The server's side of its tap: who may read, and what readers cost it. What they are shown: tap.test.js.

const { execFile } = require('node:child_process');
const { channel } = require('node:diagnostics_channel');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { promisify } = require('node:util');
const { commandOf, leaveDeadSocket } = require('../helpers/command');
const { once, record } = require('../helpers/events');
const { onLinux, onUnix } = require('../helpers/platform');
const { tapsOf } = require('../helpers/taps');
const { createWorld } = require('../helpers/world');

jest.setTimeout(120_000); // processes, on a busy machine

const world = createWorld();
const { run, start } = commandOf(world);
const { tapped, tapOf, tap, connectTap, untappable } = tapsOf(world, start);

const received = channel('ferripc:message:received');

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
    expect(server.stats().connections).toBe(process.platform === 'linux' ? 0 : 1);
  });

  test('nobody at a dead socket, with a tap or without, and at what is no socket', async () => {
    const [bare, had, file] = [world.file(), world.file(), world.file()];
    for (const socket of [bare, had, `${had}.tap`]) leaveDeadSocket(socket);
    fs.writeFileSync(file, '');
    const all = await Promise.all([bare, had, file].map((target) => run(['tap', target])));
    expect(all.map(({ code }) => code)).toEqual([3, 3, 3]);
    expect(all.map(({ stderr }) => stderr.trim())).toEqual([
      `ferripc: nobody listens at ${bare}, the socket is dead`,
      `ferripc: nobody listens at ${had}, the socket is dead`,
      `ferripc: ${file} is not a socket`,
    ]);
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

  onLinux.test('another user is refused before anything is sent', async () => {
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

  test('has 16 readers at a time', async () => {
    const server = await world.serve(await world.place('unix'), tapped());
    const readers = [];
    for (let i = 0; i < 16; i++) readers.push(await connectTap(server.path));
    for (const reader of readers) expect((await reader.message()).type).toBe('tap.ready');
    const late = await connectTap(server.path);
    await expect(late.message()).rejects.toThrow('closed before');
  });

  test('goes on if it cannot make the tap, and says so', async () => {
    const { file, error } = await untappable();
    expect(error).toMatchObject({
      code: 'EADDRINUSE',
      message: expect.stringMatching(/^config\.tap: nobody can tap this server: /),
    });
    expect(fs.readFileSync(`${file}.tap`, 'utf8')).toBe('mine');
    await world.connect({ connectTo: (ipc, id) => ipc.connectTo(id, file) });
  });

  test('has the tap again when it starts again, and hands it over with its path', async () => {
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

  test('on a port leaves the tap of another one with its id alone', async () => {
    const first = await world.serve(await world.place('tcp'), tapped());
    const second = world.host(await world.place('tcp'), tapped());
    const failed = once(second, 'error');
    await second.start();
    expect((await failed)[0]).toMatchObject({ code: 'EADDRINUSE' });
    const reader = await connectTap(tapOf(first).replace(/\.tap$/, ''));
    expect((await reader.message()).data).toMatchObject({ address: `127.0.0.1:${first.port}` });
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

  test('cannot have the tap at its own path', async () => {
    const file = world.socketPath();
    const server = world.host({ serve: (ipc) => ipc.serve(file) }, { tap: { path: file } });
    expect(() => server.start()).toThrow('config.tap.path is the path of the server itself');
  });

  test.each(['stop', 'unref'])(
    'ends by %s, and so does its process, while somebody reads',
    async (how) => {
      const child = world.child(path.join(__dirname, 'tapped.js'), [world.file(), how]);
      const file = await child.next();
      const reader = await connectTap(file);
      await reader.message();
      child.tell('end');
      expect(await child.exited).toMatchObject({ code: 0, stderr: '' });
    },
  );
});

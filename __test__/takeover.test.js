'use strict';
// Who owns a socket path: takeovers, dead sockets, other files, and what a stopped server leaves (F9).

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const { createWorld, freePort, unixPlace } = require('./helpers/world');
const { once } = require('./helpers/events');
const { isScript, onLinux, onUnix } = require('./helpers/platform');

const world = createWorld();

/** A socket file whose listener is gone. */
async function deadSocket(path = world.file()) {
  const server = net.createServer().listen(`${path}.made`);
  await once(server, 'listening');
  fs.linkSync(`${path}.made`, path);
  server.close();
  await once(server, 'close');
  return path;
}

const host = (path, config) => world.host(unixPlace(path), config);
const listen = (path, config) => world.serve(unixPlace(path), config);

/** Whether the system knows a socket by this path: what `ss` and `lsof` show, and cleaners of /tmp look for. */
const isKnown = (path) =>
  fs
    .readFileSync('/proc/net/unix', 'latin1')
    .split('\n')
    .some((line) => line.endsWith(` ${path}`));

/** Connects to `path` and tells whether `server` is who answers. */
async function answers(server, path) {
  const connected = once(server, 'connect');
  const peer = await world.peer(unixPlace(path));
  await connected;
  peer.socket.destroy();
  await once(server, 'socket.disconnected');
}

const inUse = { code: 'EADDRINUSE', syscall: 'listen' };
const refused = async (path) => {
  const socket = net.connect(path);
  return (await once(socket, 'error'))[0].code;
};

onUnix.describe('unlink: true', () => {
  test("takes a live server's path over; the old one keeps its connections (F9)", async () => {
    const path = world.file();
    const old = await listen(path);
    const client = await world.connect({ connectTo: (ipc, id) => ipc.connectTo(id, path) });
    const young = await listen(path);
    await answers(young, path);
    const message = once(old, 'x');
    client.emit('x', 1);
    expect((await message)[0]).toBe(1);
    expect(young.sockets).toEqual([]);
  });

  test("is nothing that the old one's handlers hear of", async () => {
    const path = world.file();
    const old = await listen(path);
    const heard = [];
    old.on('*', (type) => heard.push(type));
    const early = net.connect(path); // accepted before whatever the new one does
    await once(old, 'connect');
    await listen(path);
    early.destroy();
    await once(old, 'socket.disconnected');
    expect(heard).toEqual(['connect', 'close', 'socket.disconnected']);
  });

  test("an old server's stop leaves the path of the new one (F9)", async () => {
    const path = world.file();
    const old = await listen(path);
    const young = await listen(path);
    await old.stop();
    await answers(young, path);
    await young.stop();
    expect(fs.existsSync(path)).toBe(false);
    expect(fs.readdirSync(world.tmp())).toEqual([]);
  });

  test('takes the path of a killed process (F9)', async () => {
    const path = world.file();
    const child = world.child('listen.js', [path]);
    expect(await child.next()).toBe('started');
    await child.kill();
    expect(await refused(path)).toBe('ECONNREFUSED');
    await answers(await listen(path), path);
  });

  test('leaves no moment without a server (F9)', async () => {
    const path = world.file();
    const greeter = async () => {
      const server = host(path, { maxConnections: Infinity });
      server.on('connect', (socket) => server.emit(socket, 'hello'));
      await server.start();
      return server;
    };
    let current = await greeter();
    const child = world.child('connect-loop.js', [path]);
    expect(await child.next()).toBe('running');
    for (let i = 0; i < 100; i++) {
      const next = await greeter();
      await current.stop();
      current = next;
    }
    const closed = once(current, 'socket.disconnected'); // it got through to the last one, too
    await closed;
    child.tell('stop');
    const { connected, errors } = await child.next();
    expect(errors).toEqual([]);
    expect(connected).toBeGreaterThan(0);
  });

  test('two processes in turn (F9)', async () => {
    const path = world.file();
    const first = world.child('listen.js', [path]);
    await first.next();
    const second = world.child('listen.js', [path]);
    await second.next();
    first.tell('stop');
    expect((await first.exited).code).toBe(0);
    const client = await world.connect({ connectTo: (ipc, id) => ipc.connectTo(id, path) });
    const answer = once(client, 'echo');
    client.emit('echo', 1);
    expect((await answer)[0]).toBe(1);
    client.leave();
    second.tell('stop');
    expect((await second.exited).code).toBe(0);
    expect(fs.existsSync(path)).toBe(false);
  });
});

// Without the native engine it is known by the name beside.
(isScript ? describe.skip : onLinux.describe)('the system knows the socket by its path', () => {
  const modes = [{}, { readableAll: true }, { readableAll: true, writableAll: true }];

  test.each([true, 'stale', false].flatMap((unlink) => modes.map((mode) => ({ unlink, ...mode }))))(
    'where there was none: %j',
    async (config) => {
      const path = world.file();
      await listen(path, config);
      expect(isKnown(path)).toBe(true);
    },
  );

  test.each([true, 'stale'].flatMap((unlink) => modes.map((mode) => ({ unlink, ...mode }))))(
    'where there was a dead one: %j',
    async (config) => {
      const path = await deadSocket();
      expect(isKnown(path)).toBe(false);
      const server = await listen(path, config);
      expect(isKnown(path)).toBe(true);
      const mode = (config.readableAll ? 0o444 : 0) | (config.writableAll ? 0o222 : 0);
      expect(fs.statSync(path).mode & mode).toBe(mode);
      await answers(server, path);
      await server.stop();
      expect(fs.existsSync(path)).toBe(false);
    },
  );
});

onUnix.describe("unlink: 'stale'", () => {
  const config = { unlink: 'stale' };

  test('takes a dead path (F9)', async () => {
    const path = await deadSocket();
    await answers(await listen(path, config), path);
  });

  test('reports EADDRINUSE for a live one and leaves it alone (F9)', async () => {
    const path = world.file();
    const live = await listen(path);
    const late = host(path, config);
    const error = once(late, 'error');
    await expect(late.start()).rejects.toMatchObject({ ...inUse, address: path, port: -1 });
    expect((await error)[0]).toMatchObject(inUse);
    await late.stop();
    await answers(live, path);
  });

  test('takes a free path, and removes it at the end (F9)', async () => {
    const path = world.file();
    const server = await listen(path, config);
    await answers(server, path);
    await server.stop();
    expect(fs.existsSync(path)).toBe(false);
  });

  test('of several starting at once exactly one wins (F9)', async () => {
    const path = await deadSocket();
    const children = Array.from({ length: 4 }, () => world.child('listen.js', [path, config]));
    const results = await Promise.all(children.map((child) => child.next()));
    expect(results.sort()).toEqual(['EADDRINUSE', 'EADDRINUSE', 'EADDRINUSE', 'started']);
  });
});

onUnix.describe('unlink: false', () => {
  const config = { unlink: false };

  test.each(['live', 'dead'])(
    'a %s socket file is EADDRINUSE and stays (F9, K23)',
    async (state) => {
      const path = state === 'dead' ? await deadSocket() : world.file();
      if (state === 'live') await listen(path);
      const { ino } = fs.lstatSync(path);
      const server = host(path, config);
      await expect(server.start()).rejects.toMatchObject(inUse);
      await server.stop();
      expect(fs.lstatSync(path).ino).toBe(ino);
    },
  );

  test('its own file stays, too (F9, K23)', async () => {
    const path = world.file();
    const server = await listen(path, config);
    await answers(server, path);
    await server.stop();
    expect(fs.lstatSync(path).isSocket()).toBe(true);
    expect(await refused(path)).toBe('ECONNREFUSED');
  });
});

onUnix.describe('other files', () => {
  test.each([true, 'stale', false])(
    'a regular file is never touched, unlink: %p',
    async (unlink) => {
      const path = world.file();
      fs.writeFileSync(path, 'precious');
      const server = host(path, { unlink });
      await expect(server.start()).rejects.toMatchObject(inUse);
      await server.stop({ disconnect: true });
      expect(fs.readFileSync(path, 'utf8')).toBe('precious');
      expect(fs.readdirSync(world.tmp())).toHaveLength(1);
    },
  );

  test.each([
    ['a regular file', (path) => fs.writeFileSync(path, '')],
    ['a directory', (path) => fs.mkdirSync(path)],
    ['a symbolic link', (path) => fs.symlinkSync('nowhere', path)],
    ['a FIFO', (path) => execFileSync('mkfifo', [path])],
  ])('the message names %s', async (name, make) => {
    const path = world.file();
    make(path);
    const error = await host(path)
      .start()
      .catch((reason) => reason);
    expect(error).toMatchObject({ ...inUse, address: path });
    expect(error.message).toBe(
      `listen EADDRINUSE: the path is that of ${name}, which is left alone ${path}`,
    );
    expect(fs.lstatSync(path).isSocket()).toBe(false);
  });

  test.each([true, 'stale', false])(
    'a link to a live socket is left alone, and so is the socket, unlink: %p',
    async (unlink) => {
      const [path, link] = [world.file(), world.file()];
      const live = host(path);
      await live.start();
      fs.symlinkSync(path, link);
      const error = await host(link, { unlink })
        .start()
        .catch((reason) => reason);
      expect(error).toMatchObject({ ...inUse, address: link });
      expect(fs.readlinkSync(link)).toBe(path);
      const ipc = world.ipc();
      await ipc.connectTo('live', link);
    },
  );

  // A FIFO that is opened is waited for until somebody opens its other end; devices may do anything.
  const STRANGE = [
    ['a regular file', (path) => fs.writeFileSync(path, '')],
    ['a FIFO', (path) => execFileSync('mkfifo', [path])],
    ['a link to a FIFO', (path) => linkTo(path, () => execFileSync('mkfifo', [`${path}.fifo`]))],
    ['a link to a device', (path) => fs.symlinkSync('/dev/zero', path)],
    ['a link to itself', (path) => fs.symlinkSync(path, path)],
    ['a link to nothing', (path) => fs.symlinkSync('nowhere', path)],
    ['a dead socket', deadSocket],
  ];
  const linkTo = (path, make) => {
    make();
    fs.symlinkSync(`${path}.fifo`, path);
  };

  describe.each(STRANGE)('%s where a folder is expected is not waited for', (name, make) => {
    test.each([true, 'stale', false])('unlink: %p', async (unlink) => {
      const folder = world.file();
      await make(folder);
      const plain = net.createServer().listen(`${folder}/s`);
      const { code } = (await once(plain, 'error'))[0];
      const error = host(`${folder}/s`, { unlink }).start();
      await expect(error).rejects.toMatchObject({
        code: code === 'EACCES' ? 'ENOENT' : code, // libuv's word for it in `bind`
        syscall: 'listen',
      });
      const client = world.dial(unixPlace(`${folder}/s`), { maxRetries: 0 });
      expect((await once(client, 'error'))[0]).toMatchObject({
        code: await refused(`${folder}/s`),
        syscall: 'connect',
      });
    });

    test('config.secureSocketRoot', async () => {
      const folder = world.file();
      await make(folder);
      const config = { secureSocketRoot: true, socketRoot: `${folder}/`, appspace: '' };
      const ipc = world.ipc({ ...config, id: 's' });
      const start = async () => {
        ipc.serve();
        return ipc.server.start();
      };
      await expect(start()).rejects.toMatchObject({ code: expect.stringMatching(/^E/) });
    });
  });

  test.each(STRANGE)('%s at the path itself is neither opened nor removed', async (name, make) => {
    for (const unlink of [true, 'stale', false]) {
      if (name === 'a dead socket' && unlink) continue; // it is a server's to replace
      const path = world.file();
      await make(path);
      const before = fs.lstatSync(path).ino;
      await expect(host(path, { unlink }).start()).rejects.toMatchObject(inUse);
      expect(fs.lstatSync(path).ino).toBe(before);
      const client = world.dial(unixPlace(path), { maxRetries: 0 });
      const { code } = (await once(client, 'error'))[0];
      expect(code).toBe(await refused(path));
    }
  });

  test('a takeover leaves a FIFO or a link at the temporary name alone', async () => {
    const path = world.file();
    const old = await listen(path);
    // The names that this process would take next: see socket_file.rs.
    const names = Array.from({ length: 1000 }, (_, n) => {
      return `${world.tmp()}/.${process.pid.toString(16)}.${n.toString(16)}`;
    });
    execFileSync('mkfifo', names.slice(0, -1));
    fs.symlinkSync('/dev/zero', names.at(-1));
    const kept = fs.readdirSync(world.tmp()).length;
    const server = await listen(path);
    await answers(server, path);
    expect(fs.readdirSync(world.tmp())).toHaveLength(kept);
    await old.stop();
  });

  test.each([true, 'stale', false])(
    'a directory is never touched, unlink: %p (F9)',
    async (unlink) => {
      const path = world.file();
      fs.mkdirSync(path);
      const server = host(path, { unlink });
      await expect(server.start()).rejects.toMatchObject(inUse);
      expect(fs.statSync(path).isDirectory()).toBe(true);
    },
  );

  test('a symbolic link is not followed to a file that is then removed (F9)', async () => {
    const [target, path] = [world.file(), world.file()];
    fs.writeFileSync(target, 'precious');
    fs.symlinkSync(target, path);
    await expect(host(path).start()).rejects.toMatchObject(inUse);
    expect(fs.readFileSync(path, 'utf8')).toBe('precious');
  });

  test('a file that replaced the socket file stays when the server stops (F9)', async () => {
    const path = world.file();
    const server = await listen(path);
    fs.unlinkSync(path);
    fs.writeFileSync(path, 'precious');
    await server.stop();
    expect(fs.readFileSync(path, 'utf8')).toBe('precious');
  });

  test('a TCP server leaves a file with the name of its host alone (F9)', async () => {
    const child = world.child('tcp-file.js', ['127.0.0.1', await freePort()], { cwd: world.tmp() });
    expect(await child.next()).toEqual({ file: true, socket: true });
  });

  test.each(['missing/socket', 'missing/'])(
    'a missing directory is an error with its path, %s (F10)',
    async (name) => {
      const path = world.file(name);
      const expected = { code: 'ENOENT', syscall: 'listen', address: path };
      const server = host(path);
      const error = once(server, 'error');
      await expect(server.start()).rejects.toMatchObject(expected);
      expect((await error)[0]).toBeInstanceOf(Error);
    },
  );
});

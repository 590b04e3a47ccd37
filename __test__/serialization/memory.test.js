'use strict';
// Large views go beside their message, as sealed memory, where both sides can do that: on Linux's Unix sockets. What arrives
// is what was sent, in order, on either driver. Peers that pass something else are in memory-peers.test.js.

const { spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const path = require('node:path');
const { once, collect } = require('../helpers/events');
const { onLinux, onNative } = require('../helpers/platform');
const { createWorld, unixPlace } = require('../helpers/world');

const world = createWorld();
const advanced = { serialization: 'advanced' };
const MB = 1024 * 1024;

const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** Bytes that differ from place to place, and from seed to seed. */
function noise(length, seed = 1) {
  const bytes = Buffer.allocUnsafeSlow(length);
  for (let at = 0; at < length; at += 4096) {
    bytes.fill((seed * 31 + at / 4096) & 0xff, at, Math.min(at + 4096, length));
    bytes.writeUInt16LE((at / 4096 + seed) & 0xffff, Math.max(0, Math.min(at, length - 2)));
  }
  return bytes;
}

/** A server in a process of its own, and a client of it. */
async function apart({ config, options } = {}) {
  const at = world.file();
  const child = world.child(
    'memory.js',
    { path: at, config },
    {
      runtime: [process.execPath, '--expose-gc'],
      ...options,
    },
  );
  expect(await child.next()).toEqual(['started']);
  const client = await world.connect(unixPlace(at), advanced);
  return { at, child, client };
}

const ask = async (client, type, data) => {
  const answered = once(client, type === 'views' ? 'hashes' : type === 'drop' ? 'count' : type);
  client.emit(type, data);
  return (await answered)[0];
};

const { describe: here } = onLinux;
const { describe: native } = onNative;

(here === describe ? native : here)('large views', () => {
  test('arrive at all sizes, and from a size on without a copy', async () => {
    const { client } = await apart();
    const edges = [MB / 4, MB].flatMap((n) => [n - 4097, n - 1, n, n + 1]);
    for (const length of [100_000, ...edges, 5 * MB + 3, 33 * MB]) {
      const view = noise(length, length);
      const { hashes, mapped } = await ask(client, 'views', { n: 0, views: [view] });
      expect(hashes).toEqual([hash(view)]);
      if (length < MB / 4) expect(mapped).toBe(0);
      if (length > MB) expect(mapped).toBeGreaterThan(0);
    }
  });

  test.each(['server', 'client'])('keep their order among others, sent by a %s', async (by) => {
    const place = unixPlace(world.file());
    const server = await world.serve(place, advanced);
    const { client, socket } = await world.meet(server, place, advanced);
    const from = by === 'client' ? client : { emit: (...args) => server.emit(socket, ...args) };
    const to = by === 'client' ? server : client;
    const views = [3, 1.2, 0.3].map((size, seed) => noise(Math.round(size * MB), seed));
    const arrived = collect(to, 'n', 60);
    for (let n = 0; n < 60; n++) {
      from.emit('n', n % 4 === 3 ? { n, view: views[n % 3] } : { n });
    }
    const got = await arrived;
    expect(got.map(({ n }) => n)).toEqual([...Array(60).keys()]);
    for (const { n, view } of got) {
      if (n % 4 === 3) expect(view.equals(views[n % 3])).toBe(true);
    }
    expect(to === server ? socket.bytesRead : client.socket.bytesRead).toBeGreaterThan(
      15 * 1.2 * MB,
    );
  });

  test('in both directions at once', async () => {
    const { client } = await apart();
    const sent = Array.from({ length: 12 }, (_, seed) => noise(2 * MB + seed, seed));
    const back = collect(client, 'back', sent.length);
    for (const view of sent) client.emit('back', [view, 'and', view.subarray(1, 40_000)]);
    const all = await back;
    all.forEach(([view, and, part], n) => {
      expect(view.equals(sent[n])).toBe(true);
      expect([and, part.equals(sent[n].subarray(1, 40_000))]).toEqual(['and', true]);
    });
  });

  test('several of any kind in one message, and the same one twice', async () => {
    const { client } = await apart();
    const bytes = noise(2 * MB);
    const floats = new Float64Array(bytes.buffer.slice(0, 1 << 20));
    const sent = [bytes, bytes, floats, new DataView(bytes.buffer, 8, 50_000), bytes.subarray(7)];
    const got = await ask(client, 'back', sent);
    expect(got).toHaveLength(sent.length);
    expect(got[0]).toBe(got[1]);
    got.forEach((view, n) => {
      expect(Object.prototype.toString.call(view)).toBe(Object.prototype.toString.call(sent[n]));
      const raw = ({ buffer, byteOffset, byteLength }) =>
        Buffer.from(buffer, byteOffset, byteLength);
      expect(raw(view).equals(raw(sent[n]))).toBe(true);
    });
  });

  test('are what they were when they were emitted, and then the receiver’s own', async () => {
    const { client } = await apart();
    const view = noise(3 * MB);
    const before = Buffer.from(view);
    const back = once(client, 'back');
    client.emit('back', [view]);
    view.fill(0);
    const [[got]] = await back;
    expect(got.equals(before)).toBe(true);
    got.fill(9);
    const again = await ask(client, 'back', [got, before]);
    expect(again[0].every((byte) => byte === 9)).toBe(true);
    expect(again[1].equals(before)).toBe(true);
  });

  test('outlive the connection, and go when nobody has them', async () => {
    const { client, at } = await apart();
    const before = await ask(client, 'count');
    const views = Array.from({ length: 8 }, (_, seed) => noise(2 * MB, seed));
    for (const view of views) {
      client.emit('keep', view);
      await ask(client, 'count'); // it has been read
    }
    client.leave();
    const other = await world.connect(unixPlace(at), advanced);
    const { hashes, mappings, descriptors: open } = await ask(other, 'count');
    expect(hashes).toEqual(views.map(hash));
    expect(mappings).toBe(8);
    expect(open).toBe(before.descriptors);
    expect(await ask(other, 'drop')).toEqual({ descriptors: before.descriptors, mappings: 0 });
  });

  test('while garbage is collected, many of them', async () => {
    const { client } = await apart({
      options: { runtime: [process.execPath, '--expose-gc', '--gc-interval=500'] },
    });
    let most = 0;
    for (let n = 0; n < 100; n++) {
      const view = noise(4 * MB, n);
      const { hashes, mapped } = await ask(client, 'views', { n, views: [view] });
      expect(hashes).toEqual([hash(view)]);
      most = Math.max(most, mapped);
    }
    // V8 knows what they keep.
    expect(most).toBeLessThan(100);
  });

  test('are not passed to who does not read', async () => {
    const place = unixPlace(world.file());
    const server = await world.serve(place, advanced);
    const { client, socket } = await world.meet(server, place, advanced);
    socket.pause();
    const view = noise(2 * MB);
    let accepted = 1;
    while (client.emit('n', { n: 0, view })) accepted++;
    expect(accepted).toBeLessThan(10);
    expect(client.socket.writableLength).toBeGreaterThan(0);
    const arrived = collect(server, 'n', accepted);
    socket.resume();
    for (const { view: got } of await arrived) expect(got.equals(view)).toBe(true);
  });

  test('reach a peer whose sender ends at once', async () => {
    const { child, at } = await apart();
    const script = `
      const { IPC } = require(${JSON.stringify(path.join(__dirname, '../..'))});
      const ipc = new IPC();
      Object.assign(ipc.config, { silent: true, serialization: 'advanced' });
      ipc.connectTo('x', ${JSON.stringify(at)}, () => ipc.of.x.on('connect', () => {
        ipc.of.x.emit('keep', Buffer.alloc(${5 * MB}, 'k'));
        process.exit();
      }));
    `;
    expect(spawnSync(process.execPath, ['-e', script]).status).toBe(0);
    const client = await world.connect(unixPlace(at), advanced);
    const { hashes } = await ask(client, 'count');
    expect(hashes).toEqual([hash(Buffer.alloc(5 * MB, 'k'))]);
    expect(child.process.exitCode).toBeNull();
  });

  test('where the system allows no such memory: as bytes', async () => {
    const { at } = await apart();
    const script = `
      const { IPC } = require(${JSON.stringify(path.join(__dirname, '../..'))});
      const ipc = new IPC();
      Object.assign(ipc.config, { silent: true, serialization: 'advanced' });
      ipc.connectTo('x', ${JSON.stringify(at)}, () => ipc.of.x.on('connect', () => {
        ipc.of.x.on('hashes', ({ hashes, mapped }) => {
          console.log(JSON.stringify({ hashes, mapped }));
          ipc.disconnect('x');
        });
        ipc.of.x.emit('views', { n: 0, views: [Buffer.alloc(${5 * MB}, 'k')] });
      }));
    `;
    const limited = ['-c', 'ulimit -f 100; exec "$0" "$@"', process.execPath, '-e', script];
    const { stdout } = spawnSync('bash', limited, { encoding: 'utf8' });
    const { hashes, mapped } = JSON.parse(stdout);
    expect(hashes).toEqual([hash(Buffer.alloc(5 * MB, 'k'))]);
    expect(mapped).toBe(0);
  });

  test('where the receiver has no descriptor left: an error, and the next message arrives', async () => {
    const { child, client } = await apart({
      options: {
        runtime: ['bash', '-c', 'ulimit -n 100; exec "$0" --expose-gc "$@"', process.execPath],
      },
    });
    expect(await ask(client, 'hold')).toBe('EMFILE');
    const failed = child.next();
    client.emit('keep', noise(3 * MB));
    const [event, error] = await failed;
    expect(event).toBe('error');
    expect(error.code).toBe('ERR_FERRIPC_INVALID_MESSAGE');
    expect(error.cause).toMatch(/too many open files/);
    await ask(client, 'drop');
    const view = noise(3 * MB, 7);
    const { hashes } = await ask(client, 'views', { n: 0, views: [view] });
    expect(hashes).toEqual([hash(view)]);
  });
});

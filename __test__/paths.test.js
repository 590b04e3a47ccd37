'use strict';
// Socket paths: permissions, what is wrong with a path, several processes at one path (F9, F10, K2, K23). Names
// without a file: abstract-names.test.js. Who may replace what: takeover.test.js. The paths of pipes: pipes.test.js.

const fs = require('node:fs');
const { createWorld, unixPlace } = require('./helpers/world');
const { pathsOf } = require('./helpers/paths');
const { isScript, onUnix } = require('./helpers/platform');

const world = createWorld();
const { listen, listenError, connectError } = pathsOf(world);

const LIMIT = process.platform === 'linux' ? 107 : 103;
const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;

/** A path of `bytes` bytes, the last of them two bytes each. */
function pathOf(bytes) {
  const prefix = `${world.tmp()}/`;
  const room = bytes - Buffer.byteLength(prefix);
  return prefix + 'a'.repeat(room % 2) + 'ä'.repeat(Math.floor(room / 2));
}

onUnix.describe('permissions', () => {
  const modeOf = (path) => fs.lstatSync(path).mode & 0o777;
  const all = [
    [{}, 0],
    [{ readableAll: true }, 0o444],
    [{ writableAll: true }, 0o222],
    [{ readableAll: true, writableAll: true }, 0o666],
  ];

  test.each(all)(
    '%j adds to what the umask leaves, at a new path and at a taken one (K23)',
    async (config, added) => {
      const plain = world.file();
      fs.writeFileSync(plain, '');
      const path = world.file();
      await listen(path, config);
      // A socket has the execute bits of the umask, too.
      const expected = (modeOf(plain) | added) & 0o666;
      expect(modeOf(path) & 0o666).toBe(expected);
      const { ino } = fs.lstatSync(path);
      const second = await listen(path, config);
      expect(fs.lstatSync(path).ino).not.toBe(ino);
      expect(modeOf(path) & 0o666).toBe(expected);
      await second.stop();
      expect(fs.readdirSync(world.tmp())).toHaveLength(1);
    },
  );

  test('are there from the first moment that the path is (K23)', async () => {
    const [path, running] = [world.file(), world.file()];
    fs.writeFileSync(running, '');
    const watcher = world.child('watch-mode.js', [path, running]);
    await watcher.next();
    const config = { readableAll: true, writableAll: true };
    for (let i = 0; i < 300; i++) await (await listen(path, config)).stop();
    fs.unlinkSync(running);
    expect(await watcher.next()).toEqual([(0o777 & ~(process.umask() & 0o111)).toString(8)]);
  });
});

onUnix.describe('a path', () => {
  test('may be as long as the system takes it, in bytes (K2)', async () => {
    const path = pathOf(LIMIT);
    const server = await listen(path);
    await world.connect(unixPlace(path));
    expect(server.server.address()).toBe(path);
    expect(fs.lstatSync(path).isSocket()).toBe(true);
    await listen(path); // although there is no room for a name beside it
    await world.connect(unixPlace(path));
  });

  test.each([1, 200])(
    '%d bytes over the limit is ENAMETOOLONG, with both numbers (F10)',
    async (over) => {
      const path = pathOf(LIMIT + over);
      const reason = `${LIMIT + over} bytes, over the limit of ${LIMIT}`;
      expect(await listenError(path)).toMatchObject({
        code: 'ENAMETOOLONG',
        errno: expect.any(Number),
        syscall: 'listen',
        address: path,
        message: `listen ENAMETOOLONG: ${reason} ${path}`,
      });
      expect(await connectError(path)).toMatchObject({
        code: 'ENAMETOOLONG',
        syscall: 'connect',
        address: path,
        message: `connect ENAMETOOLONG: ${reason} ${path}`,
      });
      expect(fs.readdirSync(world.tmp())).toEqual([]);
    },
  );

  test('with a NUL byte is refused, not cut off (F10)', async () => {
    const path = `${world.file()}\0rest`;
    expect(await listenError(path)).toMatchObject({
      code: 'EINVAL',
      message: `listen EINVAL: the path contains a NUL byte ${path}`,
    });
    expect(await connectError(path)).toMatchObject({
      code: 'EINVAL',
      message: `connect EINVAL: the path contains a NUL byte ${path}`,
    });
    expect(fs.readdirSync(world.tmp())).toEqual([]);
  });

  const kinds = {
    'in a missing directory': ['ENOENT', 'ENOENT', () => world.file('missing/s')],
    'below a file': [
      'ENOTDIR',
      'ENOTDIR',
      () => {
        const file = world.file();
        fs.writeFileSync(file, '');
        return `${file}/s`;
      },
    ],
    'that is a directory': [
      'EADDRINUSE',
      'ECONNREFUSED',
      () => {
        const directory = world.file();
        fs.mkdirSync(directory);
        return directory;
      },
    ],
    'that is a link to nothing': [
      'EADDRINUSE',
      'ENOENT',
      () => {
        const link = world.file();
        fs.symlinkSync(world.file(), link);
        return link;
      },
    ],
  };

  test.each(Object.entries(kinds))('%s (F10)', async (_, [listenCode, connectCode, make]) => {
    const path = make();
    for (const unlink of [true, 'stale', false]) {
      expect(await listenError(path, { unlink })).toMatchObject({
        code: listenCode,
        syscall: 'listen',
        address: path,
      });
    }
    expect(await connectError(path)).toMatchObject({
      code: connectCode,
      syscall: 'connect',
      address: path,
    });
  });

  test('through a link to its directory (K2)', async () => {
    const [directory, link] = [world.file(), world.file()];
    fs.mkdirSync(directory);
    fs.symlinkSync(directory, link);
    await listen(`${link}/s`);
    await listen(`${directory}/s`);
    await world.connect(unixPlace(`${link}/s`));
  });

  test('relative to the working directory (K2)', async () => {
    const child = world.child('listen.js', ['s', { readableAll: true }], { cwd: world.tmp() });
    expect(await child.next()).toBe('started');
    await world.connect(unixPlace(world.file('s')));
  });
});

onUnix.describe('without permission', () => {
  let directory;

  beforeEach(() => {
    fs.chmodSync(world.tmp(), 0o755);
    directory = world.file('directory');
    fs.mkdirSync(directory);
  });

  /** Runs `act` without the rights of root, as the owner of `directory` if `owner`. */
  async function unprivileged(act) {
    if (isRoot) process.seteuid(NOBODY);
    try {
      return await act();
    } finally {
      if (isRoot) process.seteuid(0);
    }
  }

  test('to the directory it is EACCES on both ends (F10)', async () => {
    const path = `${directory}/s`;
    fs.chmodSync(directory, 0);
    const expected = { code: 'EACCES', address: path };
    await unprivileged(async () => {
      expect(await listenError(path)).toMatchObject({ ...expected, syscall: 'listen' });
      expect(await listenError(path, { writableAll: true })).toMatchObject(expected);
      expect(await connectError(path)).toMatchObject({ ...expected, syscall: 'connect' });
    });
    fs.chmodSync(directory, 0o700);
  });

  test('to write into the directory, a new path is EACCES, one that exists EADDRINUSE (F9)', async () => {
    const path = `${directory}/s`;
    const server = await listen(path);
    const { ino } = fs.lstatSync(path);
    fs.chmodSync(directory, 0o555);
    await unprivileged(async () => {
      for (const unlink of [true, 'stale', false]) {
        expect(await listenError(path, { unlink })).toMatchObject({ code: 'EADDRINUSE' });
      }
      expect(await listenError(`${directory}/t`)).toMatchObject({ code: 'EACCES' });
      await server.stop(); // cannot remove it, and says nothing
    });
    expect(fs.lstatSync(path).ino).toBe(ino);
    fs.chmodSync(directory, 0o700);
  });

  // Two users are needed.
  (isRoot ? test : test.skip)(
    'in a sticky directory only the own socket is replaced (F9)',
    async () => {
      const [theirs, own] = [`${directory}/theirs`, `${directory}/own`];
      fs.chmodSync(directory, 0o1777);
      await listen(theirs);
      const { ino } = fs.lstatSync(theirs);
      await unprivileged(async () => {
        expect(await listenError(theirs)).toMatchObject({ code: 'EADDRINUSE' });
        await listen(own);
        await (await listen(own)).stop();
      });
      expect(fs.readdirSync(directory)).toEqual(['theirs']);
      expect(fs.lstatSync(theirs).ino).toBe(ino);
    },
  );

  test('to read the directory there is no lock, and all but a dead path works (F9)', async () => {
    const path = `${directory}/s`;
    if (isRoot) fs.chownSync(directory, NOBODY, NOBODY);
    fs.chmodSync(directory, 0o300);
    await unprivileged(async () => {
      const first = await listen(path);
      const second = await listen(path, { writableAll: true });
      await first.stop();
      await world.connect(unixPlace(path));
      fs.linkSync(path, `${path}.dead`);
      await second.stop({ disconnect: true });
      expect(fs.existsSync(path)).toBe(false);
      if (!isScript)
        expect(await listenError(`${path}.dead`, { unlink: 'stale' })).toMatchObject({
          code: 'EADDRINUSE',
        });
      await listen(`${path}.dead`);
    });
    fs.chmodSync(directory, 0o700);
  });
});

onUnix.describe('several processes at one path', () => {
  test('take over from one another without a gap, and one of them remains (F9)', async () => {
    const path = world.file();
    const owners = [1, 2, 3].map(() => world.child('owners.js', ['takeover', path, 150]));
    for (const owner of owners) expect(await owner.next()).toBe('up');
    const visitor = world.child('connect-loop.js', [path]);
    expect(await visitor.next()).toBe('running');
    for (const owner of owners) owner.tell('go');
    for (const owner of owners) expect(await owner.next()).toBe('done');
    visitor.tell('stop');
    const { connected, errors } = await visitor.next();
    expect(errors.filter((error) => error.includes('ENOENT'))).toEqual([]);
    expect(connected).toBeGreaterThan(0);
    const greeter = async () => (await (await world.peer(unixPlace(path))).message()).data;
    expect(fs.readdirSync(world.tmp())).toHaveLength(1);
    const last = await greeter();
    const leave = async (owner) => {
      owner.tell('stop');
      expect(await owner.exited).toMatchObject({ code: 0, stderr: '' });
    };
    await Promise.all(owners.filter((owner) => owner.process.pid !== last).map(leave));
    expect(await greeter()).toBe(last);
    await leave(owners.find((owner) => owner.process.pid === last));
    expect(fs.readdirSync(world.tmp())).toEqual([]);
  });

  test("with 'stale' never have it at the same time, live, free or dead (F9)", async () => {
    const path = world.file();
    const owners = [1, 2, 3].map(() => world.child('owners.js', ['stale', path, 300]));
    const results = await Promise.all(owners.map((owner) => owner.exited));
    for (const { code, stderr } of results) expect([code, stderr]).toEqual([0, '']);
    const lines = results.map(({ lines }) => lines[0]);
    expect(lines.map(({ violations }) => violations)).toEqual([0, 0, 0]);
    expect(lines.reduce((sum, { owned }) => sum + owned, 0)).toBeGreaterThan(3);
    await (await listen(path, { unlink: 'stale' })).stop();
    expect(fs.readdirSync(world.tmp())).toEqual([]);
  });
});

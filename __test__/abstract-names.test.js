'use strict';
// Abstract names (a path that begins with a NUL byte), which Linux has in place of files (K2). Files: paths.test.js.

const fs = require('node:fs');
const { createWorld, unixPlace } = require('./helpers/world');
const { once } = require('./helpers/events');
const { pathsOf } = require('./helpers/paths');
const { onLinux } = require('./helpers/platform');

const world = createWorld();
const { listen, listenError, connectError } = pathsOf(world);

onLinux.describe('abstract names', () => {
  let count = 0;
  const name = () => `\0ferripc-${process.pid}-${count++}`;
  // The net of Node 18 takes all abstract names for one.
  const netTest = +process.versions.node.split('.')[0] >= 20 ? test : test.skip;

  test('server and client meet; there is no file (K2)', async () => {
    const path = name();
    const files = fs.readdirSync('.');
    const server = await listen(path);
    expect(server.server.address()).toBe(path);
    const client = await world.connect(unixPlace(path));
    const message = once(server, 'x');
    client.emit('x', 1);
    expect((await message)[0]).toBe(1);
    await server.stop();
    expect(fs.readdirSync('.')).toEqual(files);
    client.leave();
    expect(await connectError(path)).toMatchObject({ code: 'ECONNREFUSED', address: path });
  });

  test('as parts of the default path (K2)', async () => {
    const config = { socketRoot: '\0', appspace: 'ferripc-parts.', id: `${process.pid}` };
    const ipc = world.ipc(config);
    ipc.serve();
    await ipc.server.start();
    expect(ipc.server.path).toBe(`\0ferripc-parts.${process.pid}`);
    ipc.connectTo(config.id);
    await once(ipc.of[config.id], 'connect');
  });

  netTest('a net client reaches the server, and a client a net server (K2)', async () => {
    const path = `${name()}\0with\0NULs`;
    const server = await listen(path);
    const connected = once(server, 'connect');
    await world.peer(unixPlace(path));
    await connected;
    const other = name();
    const raw = await world.rawServer(unixPlace(other));
    const client = await world.connect(unixPlace(other));
    client.emit('x', 1);
    expect(await (await raw.next()).message()).toEqual({ type: 'x', data: 1 });
    expect(raw.server.address()).toBe(other);
  });

  netTest('the name in the system is that of net (K2)', async () => {
    const listed = (path) => {
      const lines = fs.readFileSync('/proc/net/unix', 'latin1').split('\n');
      const line = lines.find((line) => line.includes(path.slice(1)));
      return line.slice(line.indexOf('@')).replace(path.slice(1), 'NAME');
    };
    const [ours, theirs] = [name(), name()];
    await listen(ours);
    await world.rawServer(unixPlace(theirs));
    expect(listed(ours)).toBe(listed(theirs));
  });

  test.each([
    ['as it is', false],
    ['padded', true],
  ])('a client finds a server whose name is %s (K2)', async (_, padded) => {
    const path = name();
    const listener = world.child('listen.js', [padded ? path.padEnd(108, '\0') : path]);
    await listener.next();
    await world.connect(unixPlace(path));
  });

  test.each([true, 'stale', false])('are not taken over, unlink: %p (F9)', async (unlink) => {
    const path = name();
    await listen(path);
    expect(await listenError(path, { unlink })).toMatchObject({
      code: 'EADDRINUSE',
      address: path,
    });
    await world.connect(unixPlace(path));
  });

  test('may have 108 bytes (K2)', async () => {
    const path = name().padEnd(108, 'x');
    await listen(path);
    await world.connect(unixPlace(path));
    const expected = { code: 'ENAMETOOLONG', message: expect.stringContaining('limit of 108') };
    expect(await listenError(`${path}x`)).toMatchObject(expected);
    expect(await connectError(`${path}x`)).toMatchObject(expected);
  });

  test('with permissions to add: there is nothing to add them to (K23)', async () => {
    const path = name();
    await listen(path, { readableAll: true });
    await world.connect(unixPlace(path));
  });
});

(process.platform === 'linux' ? test.skip : test)(
  'abstract names exist on Linux only (K2)',
  async () => {
    const expected = { code: 'EINVAL' };
    if (process.platform !== 'win32') expected.message = expect.stringContaining('Linux only');
    expect(await listenError('\0name')).toMatchObject(expected);
    expect(await connectError('\0name')).toMatchObject(expected);
  },
);

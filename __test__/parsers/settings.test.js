'use strict';
// Which parser a configuration asks for, and what is refused by name; node-ipc 14's members of clients and servers;
// the folders and the TLS that 'assured' insists on.

const fs = require('node:fs');
const path = require('node:path');
const ferripc = require('../..');
const parsers = require('../../parsers');
const { once } = require('../helpers/events');
const { createTlsWorld } = require('../helpers/tls');

const tlsWorld = createTlsWorld();
const { family, mutual } = tlsWorld;
const world = tlsWorld.world ?? tlsWorld;
const isWindows = process.platform === 'win32';
const onUnix = isWindows ? test.skip : test;

const make = (config) => {
  const ipc = world.ipc(config);
  ipc.serve(world.socketPath());
  return ipc.server;
};

describe('refused, by name', () => {
  const value = 'ERR_INVALID_ARG_VALUE';
  test.each([
    [{ parser: 'strict' }, 'config.parser', 'ERR_INVALID_ARG_TYPE'],
    [{ parser: 'toString' }, 'config.parser', 'ERR_INVALID_ARG_TYPE'],
    [{ parser: {} }, 'config.parser', 'ERR_INVALID_ARG_TYPE'],
    [{ parser: 7 }, 'config.parser', 'ERR_INVALID_ARG_TYPE'],
    [{ parser: class {} }, 'config.parser', 'ERR_INVALID_ARG_TYPE'],
    [{ parser: 'guarded', maxMessageSize: 0 }, 'config.maxMessageSize', 'ERR_INVALID_ARG_TYPE'],
    [{ parser: 'guarded', maxPendingBytes: '1' }, 'config.maxPendingBytes', 'ERR_INVALID_ARG_TYPE'],
    [
      { parser: 'guarded', maxEventNameLength: 1.5 },
      'config.maxEventNameLength',
      'ERR_INVALID_ARG_TYPE',
    ],
    [{ parser: 'guarded', messageTimeout: -1 }, 'config.messageTimeout', 'ERR_INVALID_ARG_TYPE'],
    [{ parser: 'assured' }, 'config.allowedEvents', value],
    [{ parser: 'assured', allowedEvents: [] }, 'config.allowedEvents', value],
    [{ parser: 'assured', allowedEvents: 'a' }, 'config.allowedEvents', value],
    [{ parser: 'guarded', rawBuffer: true }, 'config.rawBuffer', value],
    [{ parser: 'assured', allowedEvents: ['a'], rawBuffer: true }, 'config.rawBuffer', value],
    [{ allowedEvents: ['a'] }, 'config.allowedEvents', value],
    [{ parser: 'guarded', allowedEvents: ['a'] }, 'config.allowedEvents', value],
    [{ maxMessageSize: 1024 * 1024 }, 'config.maxMessageSize', value],
    [{ maxPendingBytes: 1 }, 'config.maxPendingBytes', value],
    [{ maxEventNameLength: 1 }, 'config.maxEventNameLength', value],
    [{ messageTimeout: 1 }, 'config.messageTimeout', value],
    [{ parser: 'fast', maxMessageSize: 1000 }, 'config.maxMessageSize', value],
    [{ parser: 'raw', messageTimeout: 1 }, 'config.messageTimeout', value],
  ])('%j', (config, name, code) => {
    const error = expect.objectContaining({ message: expect.stringContaining(name), code });
    expect(() => make(config)).toThrow(error);
    expect(() => make(config)).toThrow(TypeError);
    const ipc = world.ipc(config);
    expect(() => ipc.connectTo('x', world.socketPath())).toThrow(error);
    expect(ipc.of).toEqual({});
  });

  test('not what asks for nothing, nor the list of node-ipc 14’s README', () => {
    make({ parser: undefined, maxMessageSize: Infinity, messageTimeout: 0, allowedEvents: false });
    make({
      parser: 'fast',
      maxMessageSize: 1024 * 1024,
      maxPendingBytes: 8 * 1024 * 1024,
      maxEventNameLength: 256,
      messageTimeout: 30000,
      allowReservedEvents: false,
      allowedEvents: false,
    });
    make({ parser: 'fast', rawBuffer: true });
  });
});

test('every setting of node-ipc 14 is known here', async () => {
  const child = world.child(path.join(__dirname, 'settings-14.mjs'));
  const theirs = await child.next();
  const known = [...Object.keys(new ferripc.IPC().config), ...OPTIONAL];
  expect(theirs.filter((name) => !known.includes(name))).toEqual([]);
});

/** Without a default here: they have none of their own where no parser is chosen. */
const OPTIONAL = [
  ...['parser', 'identifyPeer', 'maxMessageSize', 'maxPendingBytes', 'maxEventNameLength'],
  ...['messageTimeout', 'allowReservedEvents', 'allowedEvents', 'logPayloads', 'secureSocketRoot'],
];

test('the classes are exports of the package, loaded when asked for', async () => {
  const esm = await world.child(path.join(__dirname, 'exports.mjs')).next();
  expect(esm).toEqual(['FastParser', true, true, true]);
  expect(ferripc.GuardedParser).toBe(parsers.GuardedParser);
  expect(Object.keys(ferripc)).toContain('GuardedParser'); // for compilers that copy enumerable properties
});

test('clients and servers have node-ipc 14’s members', () => {
  const server = make({ parser: 'guarded' });
  expect(server.parser).toBeInstanceOf(parsers.GuardedParser);
  expect(server.encode('a', null)).toBe('{"type":"a","data":null}\f');
  expect(make({}).parser).toBeInstanceOf(parsers.FastParser);
  const raw = make({ rawBuffer: true, encoding: 'hex' });
  expect([raw.raw, raw.encoding]).toEqual([true, 'hex']);
  const got = [];
  server.on('a', (data, socket) => got.push(data, socket));
  const socket = { destroy() {} };
  server.receive(socket, '{"type":"a","data":1}\f{"ty');
  expect([got, socket.ipcBuffer]).toEqual([[1, socket], '{"ty']);
});

describe('assured', () => {
  const assured = { parser: 'assured', allowedEvents: ['ok'] };
  const transportError = expect.objectContaining({ code: 'ERR_IPC_ASSURED_TRANSPORT' });
  const tlsError = expect.objectContaining({ code: 'ERR_IPC_ASSURED_TLS' });

  test.each([
    ['plain TCP', 8123, false],
    ['UDP', 8123, 'udp4'],
  ])('a server has no %s', (_, port, type) => {
    const ipc = world.ipc(assured);
    ipc.serveNet('127.0.0.1', port, type);
    expect(() => ipc.server.start()).toThrow(transportError);
    expect(ipc.server.server).toBe(false);
  });

  test('a client does not connect to plain TCP', () => {
    const ipc = world.ipc(assured);
    expect(() => ipc.connectToNet('x', '127.0.0.1', 8123)).toThrow(transportError);
    expect(ipc.of).toEqual({});
  });

  const { server: serverTls, client: clientTls } = mutual;
  const without = (tls, ...names) =>
    Object.fromEntries(Object.entries(tls).filter(([name]) => !names.includes(name)));

  test.each([
    ['without ca', without(serverTls, 'ca')],
    ['that asks for no certificate', { ...serverTls, requestCert: false }],
    ['that takes any certificate', { ...serverTls, rejectUnauthorized: false }],
  ])('a server %s does not start', (_, tls) => {
    const ipc = world.ipc({ ...assured, tls });
    ipc.serveNet('127.0.0.1', 8123);
    expect(() => ipc.server.start()).toThrow(tlsError);
    expect(ipc.server.server).toBe(false);
  });

  test.each([
    ['without ca', without(clientTls, 'ca')],
    ['without a certificate', without(clientTls, 'cert', 'key')],
    ['that takes any certificate', { ...clientTls, rejectUnauthorized: false }],
  ])('a client %s does not connect', (_, tls) => {
    const ipc = world.ipc({ ...assured, tls });
    expect(() => ipc.connectToNet('x', '127.0.0.1', 8123)).toThrow(tlsError);
    expect(ipc.of).toEqual({});
  });

  test('with certificates on both sides messages pass; a client without one is turned away', async () => {
    const at = await world.place('tcp');
    // `requestCert` comes of itself.
    const server = await world.serve(at, { ...assured, tls: without(serverTls, 'requestCert') });
    const { client, socket } = await world.meet(server, at, { ...assured, tls: clientTls });
    expect(socket.authorized).toBe(true);
    client.emit('ok', 1);
    expect((await once(server, 'ok'))[0]).toBe(1);
    const failed = once(server, 'error');
    world.dial(at, { tls: { ca: family.ca.cert }, maxRetries: 0 });
    expect((await failed)[0]).toBeInstanceOf(Error);
    expect(server.sockets).toEqual([socket]);
  });

  test('any parser: a TLS server without key says so by node-ipc 14’s code, one with ca asks for certificates', async () => {
    const code = 'ERR_IPC_TLS_CONFIGURATION';
    for (const tls of [{ ca: family.ca.cert }, true, [], 'tls.pem']) {
      const ipc = world.ipc({ parser: 'fast', tls });
      ipc.serveNet('127.0.0.1', 8123);
      expect(() => ipc.server.start()).toThrow(expect.objectContaining({ code }));
    }
    const ipc = world.ipc({ parser: 'fast', tls: true });
    expect(() => ipc.connectToNet('x', 8123)).toThrow(expect.objectContaining({ code }));
    const at = await world.place('tcp');
    const server = await world.serve(at, {
      parser: 'fast',
      tls: without(serverTls, 'requestCert'),
    });
    const failed = once(server, 'error');
    world.dial(at, { tls: { ca: family.ca.cert }, maxRetries: 0 });
    expect((await failed)[0]).toBeInstanceOf(Error);
  });

  onUnix('a local server makes its folder for the user alone', async () => {
    const socketRoot = `${world.file()}/`;
    const ipc = world.ipc({ ...assured, socketRoot });
    ipc.serve();
    await ipc.server.start();
    expect(fs.statSync(socketRoot).mode & 0o777).toBe(0o700);
    const client = world.ipc({ ...assured, socketRoot });
    client.connectTo('test');
    client.of.test.emit('ok', 1);
    expect((await once(ipc.server, 'ok'))[0]).toBe(1);
  });

  onUnix('a local server is in no folder but socketRoot, which is its own', () => {
    const root = world.file();
    fs.mkdirSync(root);
    for (const [config, file, code] of [
      [{ secureSocketRoot: false }, 's', 'ERR_IPC_ASSURED_TRANSPORT'],
      [{}, 'inner/s', 'ERR_IPC_ASSURED_TRANSPORT'],
      [{}, '../s', 'ERR_IPC_ASSURED_TRANSPORT'],
    ]) {
      const ipc = world.ipc({ ...assured, socketRoot: `${root}/`, ...config });
      ipc.serve(path.join(root, file));
      expect(() => ipc.server.start()).toThrow(expect.objectContaining({ code }));
    }
  });

  onUnix('the default folder is node-ipc 14’s', () => {
    const ipc = world.ipc(assured);
    const before = process.env.XDG_RUNTIME_DIR;
    process.env.XDG_RUNTIME_DIR = world.tmp();
    ipc.serve();
    if (before === undefined) delete process.env.XDG_RUNTIME_DIR;
    else process.env.XDG_RUNTIME_DIR = before;
    expect(ipc.server.path).toBe(path.join(world.tmp(), 'node-ipc', 'app.test'));
  });
});

describe('secureSocketRoot', () => {
  const start = (socketRoot, config) => {
    const ipc = world.ipc({ secureSocketRoot: true, socketRoot, ...config });
    ipc.serve();
    return ipc.server.start();
  };

  onUnix('makes the folder, closes one that is open to others, and leaves it so', async () => {
    const made = world.file();
    await start(`${made}/`);
    expect(fs.statSync(made).mode & 0o777).toBe(0o700);
    const open = world.file();
    fs.mkdirSync(open);
    fs.chmodSync(open, 0o777);
    await start(`${open}/`);
    expect(fs.statSync(open).mode & 0o777).toBe(0o700);
  });

  onUnix('refuses a symbolic link, and a folder that all users share', () => {
    const error = expect.objectContaining({ code: 'ERR_IPC_SOCKET_ROOT' });
    const link = world.file();
    fs.symlinkSync(world.tmp(), link);
    expect(() => start(`${link}/`)).toThrow(error);
    const shared = world.file();
    fs.mkdirSync(shared);
    fs.chmodSync(shared, 0o1777);
    expect(() => start(`${shared}/`)).toThrow(error);
    expect(fs.statSync(shared).mode & 0o1777).toBe(0o1777);
  });

  onUnix('without it no folder is made or changed', async () => {
    const open = world.file();
    fs.mkdirSync(open);
    fs.chmodSync(open, 0o755);
    await start(`${open}/`, { secureSocketRoot: undefined });
    expect(fs.statSync(open).mode & 0o777).toBe(0o755);
    await expect(start(`${world.file()}/`, { secureSocketRoot: undefined })).rejects.toThrow();
  });
});

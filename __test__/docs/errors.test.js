'use strict';
// docs/troubleshooting.md names every error code: each that can happen on this machine is made to happen here, in
// the way that the document says, and every ERR_FERRIPC_* code of the sources is there.

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { makeCertificate } = require('../helpers/certificates');
const { once } = require('../helpers/events');
const { onUnix } = require('../helpers/platform');
const { thrownBy } = require('../helpers/thrown');
const { createTlsWorld, outcome } = require('../helpers/tls');
const { createWorld, unixPlace } = require('../helpers/world');
const { root } = require('./markdown');

const NOBODY = 65534;

const world = createWorld();
const secure = createTlsWorld();
const { ca, server: ordinary } = secure.family;

const text = fs.readFileSync(path.join(root, 'docs', 'troubleshooting.md'), 'utf8');

/** The codes in the first column of the document's tables. */
const documented = text
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .flatMap((line) => line.split(' | ')[0].match(/[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)*/g));

/** Codes of other systems, or of a state that a test cannot bring about; the last two `npm run test:panics` does. */
const ELSEWHERE = [
  'EBUSY',
  'EPERM',
  'EAI_AGAIN',
  'ENOTSUP',
  'ERR_FERRIPC_INTERNAL',
  'ERR_SOCKET_DGRAM_NOT_RUNNING',
];

const firstError = async (bus) => (await once(bus, 'error'))[0];
const startError = (place, config) => world.serve(place, config).catch((error) => error);
const at = (file) => unixPlace(file);
const dialError = (place, config) => firstError(world.dial(place, { maxRetries: 0, ...config }));

/** What a server reports of a peer that writes `bytes`, and perhaps ends. */
async function peerError(bytes, { config, end = false } = {}) {
  const place = await world.place('unix');
  const server = await world.serve(place, config);
  const error = firstError(server);
  const peer = await world.peer(place);
  peer.write(bytes);
  if (end) peer.socket.end();
  return error;
}

/** What a program in a process of its own prints: the code of an error. */
function programError(body, { env, wrap = [] } = {}) {
  const script = `const ipc = require(${JSON.stringify(root)});
    Object.assign(ipc.config, { silent: true, maxRetries: 0 });
    const tell = (error) => { console.log(error.code); process.exit(); };
    ${body}`;
  const [command, ...args] = [...wrap, process.execPath, '-e', script];
  const options = { encoding: 'utf8', env: { ...process.env, ...env }, cwd: world.tmp() };
  return { code: execFileSync(command, args, options).trim() };
}

/** The error of a TLS client whose server has `identity`. */
async function tlsError(identity, client = {}) {
  const place = await secure.at();
  await secure.serve(place, { tls: identity });
  return outcome(secure.dial(place, { tls: { ca: ca.cert, ...client } }));
}

const self = makeCertificate({ name: 'localhost', hosts: ['127.0.0.1'] });
const signed = (options) =>
  makeCertificate({ name: 'localhost', hosts: ['127.0.0.1'], issuer: ca, ...options });

/** The error of a server whose folder is a file system of its own, with these options of `mount`. */
function mountedError(options) {
  const folder = world.file('mounted');
  fs.mkdirSync(folder);
  const mount = `mount -t tmpfs -o ${options} none ${folder} && exec "$@"`;
  return programError(
    `ipc.serve(${JSON.stringify(`${folder}/socket`)}); ipc.server.start().catch(tell);`,
    {
      wrap: ['unshare', '-m', 'sh', '-c', mount, 'sh'], // which no other process sees
    },
  );
}
const mayMount = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;
const NEED_MOUNT = ['ENOSPC', 'EROFS'];

/** How each comes about. */
const causes = {
  ERR_FERRIPC_INVALID_MESSAGE: () => peerError('{}\f'),
  ERR_FERRIPC_MESSAGE_TOO_LARGE: () => peerError('"12345"\f', { config: { maxMessageBytes: 3 } }),
  ERR_FERRIPC_TOO_MUCH_BUFFERED: () =>
    peerError(`"${'x'.repeat(40_000)}`, { config: { maxBufferedBytes: 20_000 } }),
  ERR_FERRIPC_TRUNCATED_MESSAGE: () => peerError('{"type":', { end: true }),
  async ERR_FERRIPC_MAX_CONNECTIONS() {
    const place = await world.place('unix');
    const server = await world.serve(place, { maxConnections: 1 });
    await world.meet(server, place);
    const error = firstError(server);
    world.dial(place, { maxRetries: 0 });
    return error;
  },
  async ERR_FERRIPC_TLS_OPTION() {
    const ipc = world.ipc({ tls: { pfx: 'anything' } });
    return thrownBy(() => ipc.connectToNet('x', '127.0.0.1', 1));
  },
  ERR_FERRIPC_NO_BINARY: () =>
    programError("try { ipc.connectTo('x'); } catch (error) { tell(error); }", {
      env: { NAPI_RS_NATIVE_LIBRARY_PATH: '/nonexistent' },
    }),

  ECONNREFUSED: async () => dialError(await world.place('tcp')),
  ENOENT: () => dialError(at(world.file())),
  async EADDRINUSE() {
    const place = await world.place('unix');
    await world.serve(place);
    return startError(place, { unlink: 'stale' });
  },
  async EACCES() {
    const directory = world.file();
    fs.mkdirSync(directory, { mode: 0o700 });
    const file = path.join(directory, 'socket');
    const server = await world.serve(at(file));
    if (process.getuid() !== 0) fs.chmodSync(directory, 0);
    const leave = process.getuid() === 0 ? `process.seteuid(${NOBODY});` : '';
    const error = programError(
      `ipc.connectTo('first', '/nonexistent'); ipc.of.first.on('error', () => { ${leave}
      ipc.connectTo('x', ${JSON.stringify(file)}); ipc.of.x.on('error', tell); });`,
    );
    fs.chmodSync(directory, 0o700);
    await server.stop();
    return error;
  },
  ENOSPC: () => mountedError('nr_inodes=1'),
  EROFS: () => mountedError('ro'),
  ENAMETOOLONG: () => dialError(at(`/tmp/${'x'.repeat(200)}`)),
  EINVAL: () => dialError(at('/tmp/a\0b')),
  EMFILE: () =>
    programError(
      `ipc.serve(process.cwd() + '/listens', () => ipc.connectTo('first', '/nonexistent', () => {
        ipc.of.first.on('error', () => {
         try { for (;;) require('node:fs').openSync('/dev/null'); } catch {}
         ipc.connectTo('x', ipc.server.path); ipc.of.x.on('error', tell);
       }); }));
       ipc.server.start();`,
      { wrap: ['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh'] },
    ),
  async ENOBUFS() {
    const client = world.dial(await world.place('unix'));
    const error = new Promise((resolve) => {
      client.on('error', (reason) => reason.code === 'ENOBUFS' && resolve(reason));
    });
    for (let sent = 0; sent <= 16; sent++) client.emit('x', 'y'.repeat(1 << 20));
    return error;
  },
  async ECONNRESET() {
    const place = await world.place('tcp');
    const raw = await world.rawServer(place);
    const client = await world.connect(place);
    const error = firstError(client);
    (await raw.next()).socket.resetAndDestroy();
    return error;
  },
  async EPIPE() {
    const place = await world.place('unix');
    const raw = await world.rawServer(place);
    const client = await world.connect(place);
    const peer = await raw.next();
    const error = firstError(client);
    peer.socket.destroy();
    client.emit('x'); // before anything has told it
    return error;
  },
  async ETIMEDOUT() {
    const place = await world.place('unix');
    const server = await world.serve(place);
    const connected = once(server, 'connect');
    const deaf = net.connect(place.options).pause();
    world.after(() => deaf.destroy());
    const [socket] = await connected;
    const error = firstError(server);
    server.emit(socket, 'x', 'y'.repeat(16 << 20));
    server.stop({ disconnect: true });
    return error;
  },
  async EMSGSIZE() {
    const ipc = world.ipc();
    ipc.serveNet('127.0.0.1', '0', 'udp4');
    await ipc.server.start();
    const error = firstError(ipc.server);
    ipc.server.emit({ address: '127.0.0.1', port: 9 }, 'x', 'y'.repeat(70_000));
    return error;
  },
  EADDRNOTAVAIL: async () => {
    const ipc = world.ipc();
    ipc.serveNet('192.0.2.1', '0');
    return ipc.server.start().catch((error) => error);
  },
  async ENOTFOUND() {
    const ipc = world.ipc({ maxRetries: 0 });
    ipc.config.interface.lookup = (host, options, callback) => {
      callback(Object.assign(new Error('unknown'), { code: 'ENOTFOUND' })); // as without a network
    };
    ipc.connectToNet('x', 'nowhere.invalid', 9);
    return firstError(ipc.of.x);
  },
  ERR_UNKNOWN_ENCODING() {
    const ipc = world.ipc({ encoding: 'nonsense' });
    return thrownBy(() => ipc.connectTo('world', world.socketPath()));
  },
  async ERR_SERVER_NOT_RUNNING() {
    const ipc = world.ipc();
    ipc.serve(world.socketPath());
    const started = ipc.server.start().catch((error) => error);
    ipc.server.stop();
    return started;
  },
  ERR_SOCKET_BAD_PORT: async () =>
    thrownBy(() => world.ipc().connectToNet('x', 'localhost', 99999)),
  ERR_INVALID_ARG_TYPE: async () => thrownBy(() => world.ipc().connectTo('x', 5)),

  DEPTH_ZERO_SELF_SIGNED_CERT: () => tlsError({ key: self.key, cert: self.cert }),
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: () =>
    tlsError({ key: ordinary.key, cert: ordinary.cert }, { ca: self.cert }),
  SELF_SIGNED_CERT_IN_CHAIN: () =>
    tlsError({ key: ordinary.key, cert: ordinary.cert + ca.cert }, { ca: self.cert }),
  CERT_HAS_EXPIRED: () => tlsError(signed({ from: -9, to: -1 })),
  CERT_NOT_YET_VALID: () => tlsError(signed({ from: 2, to: 9 })),
  ERR_TLS_CERT_ALTNAME_INVALID: () => tlsError(signed({ hosts: ['elsewhere.test'] })),
  async ERR_TLS_HANDSHAKE_TIMEOUT() {
    const place = await secure.place('tcp');
    await secure.rawServer(place);
    return outcome(secure.dial(place, { tls: { handshakeTimeout: 50 } }));
  },
  async ERR_SSL_WRONG_VERSION_NUMBER() {
    const place = await secure.at();
    const server = await secure.serve(place);
    const error = firstError(server);
    (await secure.peer(place)).write('{"type":"a"}\f'.repeat(10));
    return error;
  },
  async ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE() {
    const place = await secure.at();
    const server = await secure.serve(place, { tls: secure.mutual.server });
    const error = firstError(server);
    secure.dial(place, { tls: secure.clientTls });
    return error;
  },
  async ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED() {
    const place = await secure.at();
    await secure.serve(place, { tls: secure.mutual.server });
    return firstError(secure.dial(place, { tls: secure.clientTls }));
  },
};

/** What a client's request is rejected with, over a Unix socket. */
async function requestError({
  config,
  handler,
  options,
  ask = (client) => client.request('x', 1, options),
}) {
  const place = await world.place('unix');
  const server = await world.serve(place, config);
  if (handler) server.handle('x', handler);
  const client = await world.connect(place, config);
  return ask(client).then(
    () => null,
    (error) => error,
  );
}
const requestCauses = {
  ERR_FERRIPC_NO_HANDLER: {},
  ERR_FERRIPC_NO_REQUESTS: { config: { rawBuffer: true } },
  ERR_FERRIPC_TOO_MANY_REQUESTS: {
    config: { maxRequests: 1 },
    handler: () => new Promise(() => {}),
    ask: (client) => Promise.race([client.request('x'), client.request('x')]),
  },
  ABORT_ERR: { options: { signal: AbortSignal.abort() } },
};
for (const [code, how] of Object.entries(requestCauses)) causes[code] = () => requestError(how);
causes.ENOTCONN = async () => {
  const client = world.dial(await world.place('unix'));
  return client.request('x', 1, { offline: 'fail' }).catch((error) => error);
};
causes.ERR_FERRIPC_SERIALIZATION = async () => {
  const place = await world.place('unix');
  const server = await world.serve(place, { serialization: 'advanced' });
  const failed = once(server, 'error');
  (await world.peer(place)).send('x', {});
  return (await failed)[0];
};
causes.ERR_FERRIPC_ALLOW_PEER = () => {
  const ipc = world.ipc({ allowPeer: () => true });
  ipc.serveNet('127.0.0.1', '0');
  return thrownBy(() => ipc.server.start());
};

/** Of the parsers of node-ipc 14. */
const peerCodes = {
  ERR_IPC_INVALID_JSON: 'nothing\f',
  ERR_IPC_INVALID_MESSAGE: '7\f',
  ERR_IPC_INVALID_EVENT: '{}\f',
  ERR_IPC_EVENT_TOO_LARGE: `{"type":"${'t'.repeat(300)}"}\f`,
  ERR_IPC_RESERVED_EVENT: '{"type":"error"}\f',
  ERR_IPC_FRAME_TOO_LARGE: 'x'.repeat(2000),
  ERR_IPC_MESSAGE_TIMEOUT: '{"type"',
};
for (const [code, bytes] of Object.entries(peerCodes)) {
  const messageTimeout = code === 'ERR_IPC_MESSAGE_TIMEOUT' ? 20 : 30_000;
  causes[code] = () =>
    peerError(bytes, { config: { parser: 'guarded', maxMessageSize: 1000, messageTimeout } });
}
const startThrows = (config) => {
  const ipc = world.ipc(config);
  ipc.serveNet('127.0.0.1', 1);
  return thrownBy(() => ipc.server.start());
};
const assured = { parser: 'assured', allowedEvents: ['a'] };
Object.assign(causes, {
  ERR_IPC_EVENT_NOT_ALLOWED() {
    const ipc = world.ipc(assured);
    ipc.serve(world.file());
    return thrownBy(() => ipc.server.broadcast('b'));
  },
  async ERR_IPC_BACKPRESSURE() {
    const place = await world.place('unix');
    const server = await world.serve(place, { parser: 'guarded', maxPendingBytes: 10 });
    const { socket } = await world.meet(server, place);
    const error = firstError(server);
    server.emit(socket, 'a', 'x'.repeat(10));
    return error;
  },
  ERR_IPC_ASSURED_TRANSPORT: () => startThrows(assured),
  ERR_IPC_ASSURED_TLS: () => startThrows({ ...assured, tls: secure.serverTls }),
  ERR_IPC_TLS_CONFIGURATION: () => startThrows({ parser: 'fast', tls: {} }),
  ERR_IPC_SOCKET_ROOT() {
    const link = world.file();
    fs.symlinkSync(world.tmp(), link);
    const ipc = world.ipc({ socketRoot: `${link}/`, secureSocketRoot: true });
    ipc.serve();
    return thrownBy(() => ipc.server.start());
  },
});

const caused = (code) => async () => expect(await causes[code]()).toMatchObject({ code });
for (const code of Object.keys(causes)) {
  if (NEED_MOUNT.includes(code)) (mayMount ? test : test.skip)(code, caused(code));
  else onUnix.test(code, caused(code));
}

test('every code of the document is caused here, or is of elsewhere, and the reverse', () => {
  const all = [...Object.keys(causes), ...ELSEWHERE];
  expect([...new Set(documented)].sort()).toEqual(all.sort());
});

test('every ERR_FERRIPC code of the sources is in the document', () => {
  const found = new Set();
  const look = (file) => {
    if (fs.statSync(file).isDirectory()) {
      for (const name of fs.readdirSync(file)) look(path.join(file, name));
    } else {
      const source = fs.readFileSync(file, 'utf8');
      for (const [code] of source.matchAll(/\bERR_FERRIPC_[A-Z_]*[A-Z]\b/g)) found.add(code);
    }
  };
  for (const name of ['src', 'index.js', 'index.d.ts']) look(path.join(root, name));
  expect(found.size).toBeGreaterThan(5);
  const forRust = fs.readFileSync(path.join(root, 'docs', 'rust.md'), 'utf8');
  const isMissing = (code) => !documented.includes(code) && !forRust.includes(code);
  expect([...found].filter(isMissing)).toEqual([]);
});

'use strict';
// What every suite builds on: IPC instances, raw peers, child processes and places to meet (a path of
// the platform's local transport or a TCP port, see places.js), all of which are gone after each test.
//
//   const world = createWorld();
//   test('…', async () => {
//     const place = await world.place('unix');
//     const server = await world.serve(place);
//     const client = await world.connect(place);

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const ferripc = require('../..');
const Child = require('./child');
const Peer = require('./peer');
const { once } = require('./events');
const { TRANSPORTS, tcpPlace, tlsPlace, unixPlace } = require('./places');
const { freePort } = require('./ports');

/** The transports without TLS; TRANSPORTS in places.js has all. */
const KINDS = ['unix', 'tcp'];

/**
 * Bytes to be sent before the end: more than the buffers on the way hold, and few enough to have left in the
 * two seconds that closing waits. The pipes of Wine carry 10 MB a second on a busy machine.
 */
const LARGE = process.platform === 'win32' ? 4 << 20 : 20 << 20;

/** A silent instance that retries fast. */
function makeIPC(IPC, config) {
  const ipc = new IPC();
  Object.assign(ipc.config, { id: 'test', silent: true, retry: 10 }, config);
  return ipc;
}

/** Disconnects all clients of `ipc` and stops its server. */
async function close(ipc) {
  for (const [id, client] of Object.entries(ipc.of)) {
    const { socket } = client;
    const gone = socket && !socket.destroyed ? once(socket, 'close') : null;
    ipc.disconnect(id);
    await gone;
  }
  if (ipc.server) await ipc.server.stop({ disconnect: true });
}

/** Registers the clean-up, with jest unless told otherwise; call it once per file. */
function createWorld(atEnd = (cleanUp) => afterEach(cleanUp)) {
  const cleanUps = [];
  let directory = null;
  let paths = 0;

  atEnd(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
    if (directory !== null) fs.rmSync(directory, { recursive: true, force: true });
    directory = null;
  });

  /** Runs `cleanUp` after the test, the latest first. */
  const after = (cleanUp) => void cleanUps.push(cleanUp);

  /** The test's temporary directory. */
  function tmp() {
    directory ??= fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-'));
    return directory;
  }

  const file = (name = `s${paths++}`) => path.join(tmp(), name);

  /** A path to meet at: a file that does not exist yet, on Windows the name of a pipe. */
  function socketPath() {
    if (process.platform !== 'win32') return file();
    return `\\\\.\\pipe\\ferripc-${process.pid}-${Date.now().toString(36)}-${paths++}`;
  }

  async function place(kind) {
    if (kind === 'unix') return unixPlace(socketPath());
    const make = kind === 'tls' ? tlsPlace : tcpPlace;
    return make('127.0.0.1', await freePort());
  }

  /** A new instance; `config` is merged into its own. */
  function ipc(config, IPC = ferripc.IPC) {
    const made = makeIPC(IPC, config);
    after(() => close(made));
    return made;
  }

  /** A server that is to be started. */
  function host(at, config) {
    const made = ipc(config);
    at.serve(made);
    return made.server;
  }

  /** A server that listens. */
  async function serve(at, config) {
    const server = host(at, config);
    await server.start();
    return server;
  }

  /** A client on its way; `client.leave()` disconnects it. */
  function dial(at, config) {
    const made = ipc(config);
    at.connectTo(made, 'server');
    const client = made.of.server;
    client.leave = () => made.disconnect('server');
    return client;
  }

  /** A client that is connected. */
  async function connect(at, config) {
    const client = dial(at, config);
    await once(client, 'connect');
    return client;
  }

  /** A client that is connected, and its socket on the server: both sides know of it. */
  async function meet(server, at, config) {
    const connected = once(server, 'connect');
    const client = await connect(at, config);
    return { client, socket: (await connected)[0] };
  }

  /** A raw socket that is connected. */
  async function peer(at, delimiter) {
    const socket = at.dial();
    after(() => socket.destroy());
    await once(socket, at.up);
    return new Peer(socket, delimiter);
  }

  /** A raw server: `next()` is the Peer of the next connection, `close()` stops it. */
  async function rawServer(at, delimiter) {
    const waiting = [];
    const peers = [];
    const server = at.createServer((socket) => {
      after(() => socket.destroy());
      const made = new Peer(socket, delimiter);
      if (waiting.length > 0) waiting.shift()(made);
      else peers.push(made);
    });
    server.listen(at.options);
    after(() => server.close());
    await once(server, 'listening');
    const next = () => peers.shift() ?? new Promise((resolve) => waiting.push(resolve));
    return { server, next: async () => next(), close: () => server.close() };
  }

  /** Runs a script, of the fixtures or by its path, in a process of its own. */
  function child(script, args = [], options) {
    const made = new Child(script, args, options);
    after(() => made.kill());
    return made;
  }

  return {
    after,
    tmp,
    file,
    socketPath,
    place,
    ipc,
    host,
    serve,
    dial,
    connect,
    meet,
    peer,
    rawServer,
    child,
  };
}

module.exports = { KINDS, LARGE, TRANSPORTS, createWorld, freePort, makeIPC, tcpPlace, unixPlace };

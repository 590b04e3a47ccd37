'use strict';
// Places to meet, one kind for each transport of connections: how an IPC instance serves and connects there,
// and the same ends made with Node's own modules. Suites that hold on every transport are driven by the list:
//
//   describe.each(TRANSPORTS)('%s', (kind) => {
//     test('…', async () => {
//       const place = await world.place(kind);

const net = require('node:net');
const path = require('node:path');
const tls = require('node:tls');
const everything = require('./everything');

/** Every transport of connections. 'unix' is the local one: on Windows pipes. */
const ALL = ['unix', 'tcp', 'tls'];

/**
 * Those that a suite is for. Where the tokio driver is asked for, a suite has one of the others, and about half of all
 * suites each of them; but each night all. TLS is left to the suites of TLS: it is that driver's in any case, so the
 * run before this one has had it.
 */
const TRANSPORTS = process.env.FERRIPC_DRIVER === 'tokio' && !everything ? [ofThisSuite()] : ALL;

function ofThisSuite() {
  const name = path.basename(global.expect?.getState().testPath ?? '');
  return ALL[Buffer.from(name).reduce((sum, byte) => sum + byte, 0) % 2];
}

let family = null;

/** `config.tls` of either side: who a server at such a place is, and who vouches for it. */
function ownTls() {
  family ??= require('./certificates').makeFamily();
  const { ca, server } = family;
  return { key: server.key, cert: server.cert, ca: ca.cert };
}

/** What all places have. */
const plain = (options) => ({
  options,
  /** A socket of Node's on its way; `up` is the event that says that it is connected. */
  dial: (more) => net.connect({ ...options, ...more }),
  up: 'connect',
  /** A server of Node's, that is to listen at `options`; `onSocket` gets what it accepts. */
  createServer: (onSocket, more) => net.createServer({ ...more }, onSocket),
});

function unixPlace(file) {
  return {
    ...plain({ path: file }),
    kind: 'unix',
    serve: (ipc, ...rest) => ipc.serve(file, ...rest),
    connectTo: (ipc, id, ...rest) => ipc.connectTo(id, file, ...rest),
  };
}

function tcpPlace(host, port) {
  return {
    ...plain({ host, port }),
    kind: 'tcp',
    serve: (ipc, ...rest) => ipc.serveNet(host, port, ...rest),
    connectTo: (ipc, id, ...rest) => ipc.connectToNet(id, host, port, ...rest),
  };
}

/** TCP with TLS. An instance that serves or connects there gets a `config.tls` if it has none. */
function tlsPlace(host, port) {
  const below = tcpPlace(host, port);
  const own = ownTls();
  const secured =
    (act) =>
    (ipc, ...rest) => {
      ipc.config.tls ||= own;
      return act(ipc, ...rest);
    };
  return {
    ...below,
    kind: 'tls',
    dial: (more) => tls.connect({ host, port, ca: own.ca, ...more }),
    up: 'secureConnect',
    createServer: (onSocket, more) => tls.createServer({ ...own, ...more }, onSocket),
    serve: secured(below.serve),
    connectTo: secured(below.connectTo),
  };
}

module.exports = { TRANSPORTS, ownTls, unixPlace, tcpPlace, tlsPlace };

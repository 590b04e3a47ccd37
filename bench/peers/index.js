'use strict';

// The peers by name. Used by run.js, sample.js, lib/server-process.js and lib/import-process.js.
//
// A peer is one way to move messages between two processes. Its file exports
//
//   title       what the tables call it
//   version()   the version that is measured
//   transports  which of 'unix', 'tcp', 'tls' and 'udp' it has
//   uses        what it can be asked for, see below
//   load()      loads the package exactly as a program does, and nothing else; may be a promise
//   serve(place, onMessage) -> Promise<{ send(conn, data), broadcast(data), close() }>
//               listens; calls onMessage(conn, data) for each message; broadcast() sends to all
//               connections and is there for the use 'broadcast' only
//   connect(place, onMessage) -> Promise<{ send(data), close() }>
//               connects; calls onMessage(data) for each message; may be called many times in a process
//               unless the place is a UDP port
//   serialization(workload)   child-process only: the option of fork() for the server process
//
// A place is where the two processes meet, and for what (lib/place.js):
//
//   { kind: 'unix', path }   { kind: 'tcp', host, port }   { kind: 'udp', host, port, clientPort }
//   { kind: 'tls', host, port, ca, key, cert }     files; the certificate is the server's
//   use: 'messages'     one connection
//        'many'         any number of connections
//        'broadcast'    any number of connections, and broadcast()
//        'raw'          one connection; data is bytes as they are, chunks may arrive cut or joined. The
//                       client's send(buffer) answers false when it is to wait, and onDrain(fn), there
//                       for this use only, sets what is called when it need not any more
//        'requests'     one connection; onMessage(conn, data) returns the answer, and the client has
//                       request(data) -> Promise of it instead of send()
//        'types'        one connection; the client's send(data) takes one of TYPES (lib/ipc-adapter.js) after the
//                       other, and onMessage hears of all
//        'listeners'    one connection; the server has LISTENERS that hear of each message
//        'values'       one connection; data is any value that V8 can copy, such as a Buffer
//   channel             the control channel (lib/control.js), which child-process shares
//
// A message is any JSON value. It travels as the envelope {"type":"m","data":...} and one delimiter
// byte (or as a message or datagram of its own where there are such) with every peer, so all of them
// move the same number of bytes. Each file uses its package in the fastest way that its documentation
// offers. Nothing is loaded before load(), serve() or connect() asks for it: import time is measured.

const files = {
  ferripc: './ferripc.js',
  against: './against.js',
  achrinza: './achrinza.js',
  'node-ipc-14': './node-ipc-14.js',
  net: './net.js',
  'net-plain': './net-plain.js',
  zeromq: './zeromq.js',
  'child-process': './child-process.js',
  'socket-io': './socket-io.js',
  birpc: './birpc.js',
};

/** What `npm run bench` measures. */
const DEFAULT_PEERS = [
  ...['ferripc', 'achrinza', 'node-ipc-14', 'net', 'zeromq', 'child-process'],
  ...['socket-io', 'birpc'],
];

/** The peer that the ratios are about. */
const SUBJECT = 'ferripc';

/** Another build of it, see against.js. */
const OTHER_BUILD = 'against';

const peerNames = Object.keys(files);

function loadPeer(name) {
  if (!files[name]) {
    throw new Error(`unknown peer '${name}'; known: ${peerNames.join(', ')}`);
  }
  return require(files[name]);
}

/** Whether a peer has what a workload needs; where not, the workload is left out for it. */
function canRun(peer, workload) {
  const { transports, uses } = loadPeer(peer);
  return transports.includes(workload.transport) && uses.includes(workload.use);
}

module.exports = { canRun, loadPeer, peerNames, DEFAULT_PEERS, OTHER_BUILD, SUBJECT };

'use strict';

// The peers by name. Used by run.js, sample.js and lib/server-process.js.
//
// A peer is one way to move messages between two processes. Its file exports
//
//   title       what the tables call it
//   version()   the version that is measured
//   serve(path, onMessage) -> Promise<{ send(conn, data), close() }>
//               listens on a Unix socket; calls onMessage(conn, data) for each message
//   connect(path, onMessage) -> Promise<{ send(data), close() }>
//               connects; calls onMessage(data) for each message
//
// A message is any JSON value. It travels as the envelope {"type":"m","data":...} and one delimiter
// byte with every peer, so all of them move the same number of bytes. Each file uses its package in the
// fastest way that its documentation offers.

const files = {
  ferripc: './ferripc.js',
  achrinza: './achrinza.js',
  'node-ipc-14': './node-ipc-14.js',
  net: './net.js',
  'net-plain': './net-plain.js',
};

/** What `npm run bench` measures. */
const DEFAULT_PEERS = ['ferripc', 'achrinza', 'node-ipc-14', 'net'];

/** The peer that the ratios are about. */
const SUBJECT = 'ferripc';

const peerNames = Object.keys(files);

function loadPeer(name) {
  if (!files[name]) {
    throw new Error(`unknown peer '${name}'; known: ${peerNames.join(', ')}`);
  }
  return require(files[name]);
}

module.exports = { loadPeer, peerNames, DEFAULT_PEERS, SUBJECT };

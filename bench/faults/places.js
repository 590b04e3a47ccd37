'use strict';
// Where the parties of the faults meet: as the tests' places, but by what can be sent to another process.

const net = require('node:net');
const path = require('node:path');
const { once } = require('node:events');
const { tcpPlace, tlsPlace, unixPlace } = require('../../__test__/helpers/places');

/** The place of `kind` at `{path}` or `{host, port}`. With TLS nobody looks who the server is: another process has made it. */
function placeAt(kind, { path: file, host, port }) {
  if (kind === 'unix') return unixPlace(file);
  if (kind === 'tcp') return tcpPlace(host, port);
  const place = tlsPlace(host, port);
  const connectTo = (ipc, ...rest) => {
    ipc.config.tls ||= { rejectUnauthorized: false };
    return place.connectTo(ipc, ...rest);
  };
  return { ...place, connectTo };
}

/** The text of every third message, longer than what the system takes at once; on TCP it takes several megabytes. */
const TEXTS = { unix: 'l'.repeat(3_000_000), tcp: 'l'.repeat(8_000_000) };
const longOf = (kind) => (kind === 'unix' ? TEXTS.unix : TEXTS.tcp);

let count = 0;

/** Options for a new place. */
async function freshOptions(kind, folder) {
  if (kind === 'unix') return { path: path.join(folder, `p${count++}`) };
  const probe = net.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return { host: '127.0.0.1', port };
}

module.exports = { freshOptions, longOf, placeAt };

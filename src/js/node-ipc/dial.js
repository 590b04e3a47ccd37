'use strict';
// A client's next socket, on its way to where the client's path and port say. Used by client.js.

const { lazily } = require('../core');
const Socket = require('../sockets/socket');
const { toPort } = require('../errors');
const { systemPath } = require('../sockets/paths');
const { encodingOf, interfaceOf } = require('./settings');

// Loaded only when needed: few programs need it.
const tlsParts = lazily(() => ({
  ...require('../sockets/tls'),
  TlsSocket: require('../sockets/tls-socket'),
}));
const parserTls = lazily(() => require('./parsers/tls'));
const parserTransports = lazily(() => require('./parsers/transports'));

/**
 * Makes it, and has it connect.
 * @throws {RangeError} for a bad port
 * @throws {TypeError} for a bad path, host, `config.encoding` or option of `config.interface`
 * @throws {Error} for `config.tls` that cannot be used, see tls.js; local paths do without TLS
 */
function dial(client) {
  const { config, path, port, _framing: framing, _chosen: profile } = client;
  if (profile !== null) parserTransports().checkClient(client, profile);
  const { clientTls, shown, TlsSocket } = port && config.tls ? tlsParts() : {};
  const tls = clientTls?.(tlsConfigOf(client), path, (line) => client.log(line));
  const socket = tls ? new TlsSocket(client, framing, tls) : new Socket(client, framing);
  socket.setEncoding(encodingOf(config));
  if (!port) {
    client.log('Connecting client on Unix Socket :', path);
    return socket._connectPath(systemPath(path));
  }
  const options = { host: path, port: toPort(port), ...interfaceOf(config) };
  if (tls) {
    client.log('Connecting client via TLS to', path, port, shown(config.tls));
    if (tls.timeout) socket.setTimeout(tls.timeout);
  } else {
    client.log('Connecting client via TCP to', options);
  }
  return socket._connectHost(options);
}

function tlsConfigOf({ config, _chosen: profile }) {
  return profile === null ? config.tls : parserTls().clientOptions(config.tls, profile);
}

module.exports = dial;

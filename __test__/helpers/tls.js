'use strict';
// What the TLS suites share: one family of certificates per file, and peers made with node:tls.

const tls = require('node:tls');
const { makeFamily } = require('./certificates');
const { once } = require('./events');
const Peer = require('./peer');
const { createWorld } = require('./world');

function createTlsWorld() {
  const world = createWorld();
  const family = makeFamily();
  const { ca, server, client } = family;

  /** `config.tls` of a server and of clients that believe it. */
  const serverTls = { key: server.key, cert: server.cert };
  const clientTls = { ca: ca.cert };
  /** Of both sides of mutual TLS. */
  const mutual = {
    server: { ...serverTls, ca: ca.cert, requestCert: true },
    client: { ...clientTls, key: client.key, cert: client.cert },
  };

  const at = async () => world.place('tcp');

  /** A ferripc server with TLS; `config` may replace its `tls`. */
  const serve = (place, config) => world.serve(place, { tls: serverTls, ...config });
  const connect = (place, config) => world.connect(place, { tls: clientTls, ...config });
  const dial = (place, config) => world.dial(place, { tls: clientTls, maxRetries: 0, ...config });
  const meet = (server, place, config) => world.meet(server, place, { tls: clientTls, ...config });

  /** A node:tls client that is connected. */
  async function nodeClient(place, options) {
    const socket = tls.connect({ ...place.options, ...clientTls, ...options });
    world.after(() => socket.destroy());
    await once(socket, 'secureConnect');
    return new Peer(socket);
  }

  /** A node:tls server. */
  async function nodeServer(place, options) {
    const server = tls.createServer({ ...serverTls, ...options });
    server.on('connection', (socket) => world.after(() => socket.destroy()));
    server.on('tlsClientError', () => {});
    server.on('secureConnection', (socket) => socket.on('error', () => {}));
    server.listen(place.options);
    world.after(() => server.close());
    await once(server, 'listening');
    return server;
  }

  const own = { family, serverTls, clientTls, mutual, at, nodeClient, nodeServer };
  return { ...world, ...own, serve, connect, dial, meet };
}

/** How a client's attempt ends: 'connected', or its error. */
async function outcome(client) {
  const error = once(client, 'error').then(([reason]) => reason);
  const result = await Promise.race([once(client, 'connect').then(() => 'connected'), error]);
  client.leave();
  return result;
}

module.exports = { createTlsWorld, outcome };

'use strict';
// Every transport of connections, for suites that hold on all of them: how ferripc's ends are configured,
// and the same ends made with Node's own modules, to compare with.
//
//   describe.each(TRANSPORTS)('%s', (name) => {
//     const { place, server, client, listen, dial } = transport(name, world);

const net = require('node:net');
const tls = require('node:tls');
const { makeFamily } = require('./certificates');
const { once } = require('./events');

const TRANSPORTS = ['unix', 'tcp', 'tls'];

let family = null;

/**
 * `place()`: somewhere to meet, see world.js. `server`, `client`: what goes into their `config`.
 * `listen(place, onSocket)`: a server of Node's that listens. `dial(place)`: a socket of Node's on its way;
 * `up` is the event that says that it is connected.
 */
function transport(name, world) {
  const place = () => world.place(name === 'unix' ? 'unix' : 'tcp');
  const withTls = name === 'tls';
  if (withTls) family ??= makeFamily();
  const own = withTls ? { key: family.server.key, cert: family.server.cert } : null;
  const trust = withTls ? { ca: family.ca.cert } : null;

  async function listen(at, onSocket, options) {
    const create = withTls ? tls.createServer : net.createServer;
    const made = create({ ...own, ...options });
    made.on(withTls ? 'secureConnection' : 'connection', (socket) => {
      world.after(() => socket.destroy());
      socket.on('error', () => {});
      onSocket(socket);
    });
    made.listen(at.options);
    world.after(() => made.close());
    await once(made, 'listening');
    return made;
  }

  function dial(at, options) {
    const connect = withTls ? tls.connect : net.connect;
    const socket = connect({ ...at.options, ...trust, ...options });
    world.after(() => socket.destroy());
    return socket;
  }

  return {
    place,
    server: withTls ? { tls: own } : {},
    client: withTls ? { tls: trust } : {},
    up: withTls ? 'secureConnect' : 'connect',
    listen,
    dial,
  };
}

module.exports = { TRANSPORTS, transport };

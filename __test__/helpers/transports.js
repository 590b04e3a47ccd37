'use strict';
// Every transport of connections, for suites that compare ferripc with Node's own modules: how ferripc's ends are
// configured, and the same ends made with `node:net` and `node:tls`. See places.js.
//
//   describe.each(TRANSPORTS)('%s', (name) => {
//     const { place, server, client, listen, dial } = transport(name, world);

const { TRANSPORTS, ownTls } = require('./places');
const { once } = require('./events');

/**
 * `place()`: somewhere to meet, see world.js. `server`, `client`: what goes into their `config`.
 * `listen(place, onSocket)`: a server of Node's that listens. `dial(place)`: a socket of Node's on its way;
 * `up` is the event that says that it is connected.
 */
function transport(name, world) {
  const withTls = name === 'tls';

  async function listen(at, onSocket, options) {
    const made = at.createServer((socket) => {
      world.after(() => socket.destroy());
      socket.on('error', () => {});
      onSocket(socket);
    }, options);
    made.listen(at.options);
    world.after(() => made.close());
    await once(made, 'listening');
    return made;
  }

  function dial(at, options) {
    const socket = at.dial(options);
    world.after(() => socket.destroy());
    return socket;
  }

  return {
    place: () => world.place(name),
    // Without the authority: a server that has one may ask clients for certificates.
    server: withTls ? { tls: { key: ownTls().key, cert: ownTls().cert } } : {},
    client: withTls ? { tls: { ca: ownTls().ca } } : {},
    up: withTls ? 'secureConnect' : 'connect',
    listen,
    dial,
  };
}

module.exports = { TRANSPORTS, transport };

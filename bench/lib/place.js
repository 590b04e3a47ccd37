'use strict';

// Places for the two processes of a sample to meet; peers/index.js says what a place is. Used by sample.js.

const path = require('path');

const HOST = '127.0.0.1';

/** A free port, from the system: some peers can neither take 0 nor report the port that they got. */
function freePort(kind) {
  return new Promise((resolve, reject) => {
    const udp = kind === 'udp';
    const probe = udp ? require('dgram').createSocket('udp4') : require('net').createServer();
    probe.on('error', reject);
    probe.on('listening', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
    if (udp) {
      probe.bind(0, HOST);
    } else {
      probe.listen(0, HOST);
    }
  });
}

/** @param {string} dir an existing directory for sockets and certificates */
async function makePlace({ transport, use }, dir) {
  const place = { kind: transport, use };
  if (transport === 'unix') {
    return { ...place, path: path.join(dir, 'bench.sock') };
  }
  Object.assign(place, { host: HOST, port: await freePort(transport) });
  if (transport === 'udp') {
    place.clientPort = await freePort(transport);
  }
  if (transport === 'tls') {
    // A certificate of an authority made for this sample alone.
    require('../../__test__/helpers/certificates.js').writeFamily(dir);
    const file = (name) => path.join(dir, name);
    Object.assign(place, { ca: file('ca.crt'), key: file('server.key'), cert: file('server.crt') });
  }
  return place;
}

module.exports = { makePlace };

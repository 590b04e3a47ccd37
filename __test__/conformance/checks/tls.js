'use strict';
// TLS: one round trip, each side knowing the other by a certificate that is its own authority (K22, F15).

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { check } = require('../harness');
const { makeCertificate } = require('../../helpers/certificates');
const { once } = require('../../helpers/events');

/** Files of a key and its self-signed certificate for localhost. */
function writeCertificate(world) {
  const made = makeCertificate({ name: 'localhost', hosts: ['localhost', '127.0.0.1'] });
  const files = { key: world.file('key.pem'), certificate: world.file('certificate.pem') };
  fs.writeFileSync(files.key, made.key);
  fs.writeFileSync(files.certificate, made.cert);
  return files;
}

check('tls: a message there and back (K22)', async (world) => {
  const { key, certificate } = writeCertificate(world);
  const place = await world.place('tcp');
  const server = await world.serve(place, { tls: { private: key, public: certificate } });
  server.on('echo', (data, socket) => server.emit(socket, 'echo', data));
  const tls = { rejectUnauthorized: true, trustedConnections: certificate };
  const client = await world.connect(place, { tls });
  const answer = once(client, 'echo');
  client.emit('echo', 'é€😀');
  assert.equal((await answer)[0], 'é€😀');
});

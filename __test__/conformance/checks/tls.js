'use strict';
// TLS: one round trip, each side knowing the other by a certificate that is its own authority (K22, F15).

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { check, Unsupported } = require('../harness');
const { once } = require('../../helpers/events');

/** Files of a key and its self-signed certificate for localhost. */
function makeCertificate(world) {
  const [key, certificate] = [world.file('key.pem'), world.file('certificate.pem')];
  const made = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
    ...['-days', '2', '-keyout', key, '-out', certificate],
  ]);
  if (made.status !== 0) throw new Unsupported('no openssl to make a certificate with');
  return { key, certificate };
}

check('tls: a message there and back (K22)', async (world) => {
  const { key, certificate } = makeCertificate(world);
  const place = await world.place('tcp');
  const server = await world.serve(place, { tls: { private: key, public: certificate } });
  server.on('echo', (data, socket) => server.emit(socket, 'echo', data));
  const tls = { rejectUnauthorized: true, trustedConnections: certificate };
  const client = await world.connect(place, { tls });
  const answer = once(client, 'echo');
  client.emit('echo', 'é€😀');
  assert.equal((await answer)[0], 'é€😀');
});

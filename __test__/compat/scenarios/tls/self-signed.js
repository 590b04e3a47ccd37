// One self-signed certificate of version 1, as node-ipc's own instructions make it with many releases
// of OpenSSL, for the server and as what the client trusts; and a client that trusts nobody.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { makeCertificate } = require('../../../helpers/certificates.js');

module.exports = {
  name: 'TLS with a self-signed certificate',
  rules: ['K22', 'K10'],
  transports: ['tcp'],
  roles: {
    async server(t) {
      const { key, cert } = makeCertificate({ name: 'localhost', v1: true, kind: 'rsa' });
      const file = (name) => path.join(t.dir, name);
      fs.writeFileSync(file('server.key'), key);
      fs.writeFileSync(file('server.crt'), cert);
      t.ipc.config.tls = { private: file('server.key'), public: file('server.crt') };
      const server = t.serve(() => t.signal('listening'));
      server.on('hello', (data) => {
        t.log('hello', data);
        t.signal(data);
      });
      server.start();
      await t.logged('hello', 2);
    },
    async client(t) {
      await t.wait('listening');
      const trusted = path.join(t.dir, 'server.crt');
      const dial = (tls) => {
        const ipc = t.create({ maxRetries: 0, tls });
        ipc.connectToNet('world', t.endpoint().host, t.endpoint().port);
        return ipc;
      };
      const friend = dial({ trustedConnections: trusted, checkServerIdentity() {} });
      friend.of.world.emit('hello', 'friend');
      await t.wait('friend');
      const careless = dial({ rejectUnauthorized: false });
      careless.of.world.emit('hello', 'careless');
      await t.wait('careless');
      t.log('careless', careless.of.world.socket.authorizationError);
      const stranger = dial({});
      t.watch('stranger', stranger.of.world, ['error', 'disconnect', 'destroy']);
      await t.logged('stranger.destroy');
      friend.disconnect('world');
      careless.disconnect('world');
    },
  },
  check({ lines }) {
    assert.deepStrictEqual(lines.server, ['hello "friend"', 'hello "careless"']);
    assert.match(lines.client[1], /DEPTH_ZERO_SELF_SIGNED_CERT/);
  },
};

// TLS by file names, where both sides show a certificate and know the authority of the other's.
'use strict';

const path = require('node:path');
const { writeFamily } = require('../../../helpers/certificates.js');

function config(t, who, more) {
  const file = (name) => path.join(t.dir, name);
  return {
    private: file(`${who}.key`),
    public: file(`${who}.crt`),
    trustedConnections: file('ca.crt'),
    ...more,
  };
}

module.exports = {
  name: 'mutual TLS',
  rules: ['K22', 'F15', 'K10'],
  transports: ['tcp'],
  roles: {
    async server(t) {
      writeFamily(t.dir);
      t.ipc.config.tls = config(t, 'server', { requestCert: true, rejectUnauthorized: true });
      const server = t.serve(() => t.signal('listening'));
      server.on('connect', (socket) => {
        t.log(
          'connect',
          socket.encrypted,
          socket.authorized,
          socket.getPeerCertificate().subject.CN,
        );
      });
      server.on('greeting', (data, socket) => {
        t.log('greeting', data);
        server.emit(socket, 'reply', data);
      });
      server.on('socket.disconnected', () => t.log('gone'));
      server.start();
      await t.logged('gone');
    },
    async client(t) {
      await t.wait('listening');
      t.ipc.config.tls = config(t, 'client');
      const client = t.watch('client', t.connect('world'));
      await t.logged('client.connect');
      for (const data of ['short', 'x'.repeat(300_000), { deep: ['ü', 1, null] }]) {
        const reply = t.next(client, 'reply');
        client.emit('greeting', data);
        t.log('reply', ...(await reply));
        client.off('reply', '*');
      }
      t.log('authorized', client.socket.authorized);
      t.ipc.disconnect('world');
      await t.logged('client.destroy');
    },
  },
};

// UDP: both sides serve; an answer goes to {address, port} of what arrived, or to a known address.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'UDP question and answer',
  rules: ['K13', 'K15', 'F14'],
  transports: ['udp4'],
  endpoints: 2,
  roles: {
    async server(t) {
      const server = t.serve((...args) => t.log('start', ...args));
      server.on('connect', (socket) => {
        t.log('connect', typeof socket.send, socket === server.server);
        t.signal('listening');
      });
      server.on('ask', (data, socket) => {
        t.log('ask', data, socket.address, typeof socket.port);
        server.emit(socket, 'answer', { ok: data });
      });
      t.log('flags', server.udp4, server.udp6);
      server.start();
      await t.logged('ask', 2);
      await t.wait('over');
    },
    async client(t) {
      await t.wait('listening');
      const server = t.serve(() => {}, { at: 1 });
      server.on('answer', (data) => t.log('answer', data));
      server.start();
      await t.next(server, 'connect');
      const { host, port } = t.endpoint(0);
      server.emit({ address: host, port }, 'ask', { n: 'é' });
      await t.logged('answer');
      server.emit({ address: host, port }, 'ask');
      await t.logged('answer', 2);
      t.signal('over');
    },
  },
  check({ lines }) {
    assert.deepStrictEqual(lines.client, ['answer {"ok": {"n": "é"}}', 'answer {"ok": {}}']);
    assert.ok(lines.server.includes('ask {"n": "é"} "127.0.0.1" "number"'));
  },
};

// One delimiter for both sides, set by the user (clients in other languages choose \n).
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'delimiter \\n on both sides',
  rules: ['K1'],
  wire: true,
  roles: {
    async server(t) {
      t.ipc.config.delimiter = '\n';
      const server = t.serve(() => t.signal('listening'));
      server.on('note', (data, socket) => {
        t.log('note', data);
        server.emit(socket, 'note', { echo: data });
        server.broadcast('note', 'all');
      });
      server.start();
      await t.logged('note', 2);
    },
    async client(t) {
      t.ipc.config.delimiter = '\n';
      await t.wait('listening');
      const client = t.connect('world');
      client.on('note', (data) => t.log('note', data));
      client.emit('note', 'one\ntwo');
      await t.logged('note', 2);
      client.emit('note', { three: '\f' });
      await t.logged('note', 4);
    },
  },
  check({ lines }) {
    assert.deepStrictEqual(lines.client, [
      'note {"echo": "one\\ntwo"}',
      'note "all"',
      'note {"echo": {"three": "\\f"}}',
      'note "all"',
    ]);
    assert.match(lines.wire[0], /\\n"$/);
  },
};

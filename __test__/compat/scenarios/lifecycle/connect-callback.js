// connectTo's callback runs before connectTo returns, gets the ipc object, and may emit already.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: "connectTo's synchronous callback",
  rules: ['K3', 'K5'],
  wire: true,
  roles: {
    async server(t) {
      const server = t.serve(() => t.signal('listening'));
      server.on('early', (data, socket) => {
        t.log('early', data);
        if (data === 3) server.emit(socket, 'enough');
      });
      server.start();
      await t.logged('early', 3);
    },
    async client(t) {
      await t.wait('listening');
      const result = t.connect('world', (...args) => {
        const client = t.ipc.of.world;
        t.log('callback', args.length, args[0] === t.ipc, client.id, client.socket.connecting);
        client.emit('early', 1);
        t.watch('client', client);
        client.on('connect', () => client.emit('early', 3));
        client.on('enough', () => t.log('enough'));
      });
      t.log('returned', result === t.ipc.of.world, Object.keys(t.ipc.of));
      result.emit('early', 2);
      await t.logged('enough');
    },
  },
  check({ lines }) {
    assert.deepStrictEqual(lines.client, [
      'callback 1 true "world" true',
      'returned true ["world"]',
      'client.connect',
      'enough',
    ]);
    assert.deepStrictEqual(lines.server, ['early 1', 'early 2', 'early 3']);
  },
};

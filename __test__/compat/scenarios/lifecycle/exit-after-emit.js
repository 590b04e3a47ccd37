// process.exit() straight after emit: on a live connection the bytes are on their way already.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'process.exit straight after emit',
  rules: ['F6', 'K10'],
  mayExit: ['client', 'server2'],
  endpoints: 2,
  roles: {
    async server(t) {
      const server = t.serve(() => t.signal('listening'));
      server.on('last', (data) => t.log('last', data));
      server.on('socket.disconnected', () => t.log('gone'));
      server.start();
      await t.logged('gone');
    },
    async client(t) {
      await t.wait('listening');
      const client = t.connect('world');
      await t.next(client, 'connect');
      t.log('exits');
      await t.flush();
      for (let i = 1; i <= 3; i++) client.emit('last', i);
      process.exit(7);
    },
    // the same with a server that says something and dies
    async server2(t) {
      const server = t.serve(() => t.signal('listening 2'), { at: 1 });
      server.start();
      const [socket] = await t.next(server, 'connect');
      t.log('exits');
      await t.flush();
      server.emit(socket, 'last', 1);
      server.broadcast('last', 2);
      process.exit(8);
    },
    async client2(t) {
      await t.wait('listening 2');
      const client = t.connect('world', () => {}, { at: 1 });
      client.on('last', (data) => t.log('last', data));
      await t.next(client, 'disconnect');
    },
  },
  check({ lines, exits }) {
    assert.deepStrictEqual(lines.server, ['last 1', 'last 2', 'last 3', 'gone']);
    assert.deepStrictEqual(lines.client2, ['last 1', 'last 2']);
    assert.strictEqual(exits.client, 7);
    assert.strictEqual(exits.server2, 8);
  },
};

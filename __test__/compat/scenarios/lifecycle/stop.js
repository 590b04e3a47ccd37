// server.stop(): nobody new gets in, connected clients stay, and closing twice is harmless.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'stop leaves clients alone, twice is fine',
  rules: ['K26', 'K5', 'F7'],
  roles: {
    async server(t) {
      const server = t.serve(() => t.signal('listening'));
      let client;
      let closed;
      server.on('hello', (data, socket) => {
        t.log('hello', data);
        client = socket;
        if (data !== 1) return;
        server.stop();
        t.log('listening', server.server.listening);
        server.stop();
        // called back when the last connection is gone, one way or the other
        closed = new Promise((resolve) => server.server.close(resolve));
        server.emit(socket, 'still', 'here');
      });
      server.on('socket.disconnected', () => t.log('gone'));
      server.start();
      await t.logged('hello', 2);
      t.log('sockets', server.sockets.length, client.destroyed);
      server.broadcast('still', 'broadcast');
      await t.logged('gone');
      t.log('closed', (await closed).code);
    },
    async client(t) {
      await t.wait('listening');
      const client = t.connect('world');
      const stranger = t.create({ maxRetries: 0 });
      client.on('still', (data) => {
        t.log('still', data);
      });
      client.on('disconnect', () => t.log('disconnect'));
      client.emit('hello', 1);
      await t.logged('still');
      t.connect('world', () => {}, { ipc: stranger });
      const [error] = await t.next(stranger.of.world, 'error');
      t.log('stranger', error.code === 'ENOENT' || error.code === 'ECONNREFUSED');
      client.emit('hello', 2);
      await t.logged('still', 2);
      t.ipc.disconnect('world');
      await t.logged('disconnect');
    },
  },
  check({ lines }) {
    assert.deepStrictEqual(lines.client, [
      'still "here"',
      'stranger true',
      'still "broadcast"',
      'disconnect',
    ]);
    assert.deepStrictEqual(lines.server.slice(0, 4), [
      'hello 1',
      'listening false',
      'hello 2',
      'sockets 1 false',
    ]);
    assert.ok(lines.server.includes('closed "ERR_SERVER_NOT_RUNNING"'));
  },
};

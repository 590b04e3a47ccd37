// The server process goes away and a new one comes: listeners, retries and `connect` again.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'server gone and back',
  rules: ['K10', 'K27', 'K5'],
  mayExit: ['server1'],
  roles: {
    async server1(t) {
      const server = t.serve(() => t.signal('first up'));
      server.on('hello', async (data) => {
        t.log('hello', data);
        await t.flush();
        process.exit(0);
      });
      server.start();
      await new Promise(() => {});
    },
    async server2(t) {
      await t.wait('first lost');
      const server = t.serve(() => t.log('second up'));
      server.on('hello', (data, socket) => {
        t.log('hello', data);
        server.emit(socket, 'welcome', 'back');
      });
      server.start();
      await t.logged('hello');
      await t.wait('over');
    },
    async client(t) {
      await t.wait('first up');
      t.ipc.config.maxRetries = 1000;
      const client = t.connect('world');
      const first = client.socket;
      let connects = 0;
      client.on('connect', () => {
        connects += 1;
        t.log('connect', connects, client.retriesRemaining > 900, t.ipc.of.world === client);
        t.log('same socket', client.socket === first);
        client.emit('hello', connects);
      });
      let lost = 0;
      client.on('disconnect', () => {
        lost += 1;
        if (lost > 1) return;
        t.log('disconnect', client.retriesRemaining, client.socket.destroyed);
        t.signal('first lost');
      });
      client.on('destroy', () => t.log('destroy'));
      client.on('welcome', (data) => t.log('welcome', data));
      await t.logged('welcome');
      t.log('reset', client.retriesRemaining);
      t.signal('over');
    },
  },
  check({ lines }) {
    assert.deepStrictEqual(lines.client, [
      'connect 1 true true',
      'same socket true',
      'disconnect 1000 true',
      'connect 2 true true',
      'same socket false',
      'welcome "back"',
      'reset 1000',
    ]);
    assert.deepStrictEqual(lines.server2, ['second up', 'hello 2']);
  },
};

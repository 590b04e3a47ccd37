// ipc.disconnect(id): `disconnect` then `destroy`, `of[id]` gone at once, '*' handlers gone,
// unknown ids ignored, also inside handlers and on a connection that is not up yet.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'ipc.disconnect',
  rules: ['K10', 'K27', 'F6'],
  roles: {
    async server(t) {
      const server = t.serve(() => t.signal('listening'));
      let gone = 0;
      server.on('socket.disconnected', (socket, id) => {
        t.log('gone', socket.destroyed, id);
        gone += 1;
        t.signal(`gone ${gone}`);
      });
      server.on('hello', (data, socket) => {
        t.log('hello', data);
        server.emit(socket, 'answer', data);
      });
      server.start();
      await t.logged('gone', 3);
    },
    async client(t) {
      await t.wait('listening');
      t.log('unknown', t.ipc.disconnect('unknown'), t.ipc.disconnect(), t.ipc.disconnect(''));

      const plain = t.watch('plain', t.connect('world'));
      await t.logged('plain.connect');
      plain.emit('hello', 1);
      await t.next(plain, 'answer');
      t.log('disconnect returns', t.ipc.disconnect('world'));
      t.log('at once', t.ipc.of.world, plain.explicitlyDisconnected);
      await t.logged('plain.destroy');
      await t.wait('gone 1');

      // from inside a message handler: no later message of the same batch is a problem
      const inside = t.watch('inside', t.connect('world'));
      t.log('fresh', inside === plain);
      inside.on('answer', (data) => {
        t.log('answer', data);
        t.ipc.disconnect('world');
      });
      inside.on('connect', () => inside.emit('hello', 2));
      await t.logged('inside.destroy');
      await t.wait('gone 2');

      // from inside `connect`, and a second time from inside `disconnect`
      const nested = t.watch('nested', t.connect('world'));
      nested.on('connect', () => t.ipc.disconnect('world'));
      nested.on('disconnect', () => t.ipc.disconnect('world'));
      await t.logged('nested.destroy');
      await t.quiet();
    },
  },
  check({ lines }) {
    assert.deepStrictEqual(lines.client, [
      'unknown undefined undefined undefined',
      'plain.connect',
      'disconnect returns undefined',
      'at once undefined true',
      'plain.disconnect',
      'plain.destroy',
      'fresh false',
      'inside.connect',
      'answer 2',
      'inside.disconnect',
      'inside.destroy',
      'nested.connect',
      'nested.disconnect',
      'nested.destroy',
    ]);
  },
};

// Emitting to a peer that is gone never throws, and no `error` listener is ever required.
'use strict';

const assert = require('node:assert');

function quietly(work) {
  try {
    work();
    return 'quiet';
  } catch (error) {
    return error.message;
  }
}

module.exports = {
  name: 'emit to the dead',
  rules: ['K8', 'K15', 'K27'],
  endpoints: 2,
  roles: {
    async server(t) {
      const server = t.serve(() => t.signal('listening'));
      let seen;
      server.on('hello', (data, socket) => {
        t.log('hello', data);
        seen = socket;
        if (data === 1) socket.destroy();
      });
      server.on('socket.disconnected', (socket) => {
        t.log('same', socket === seen);
        t.log(
          'emit',
          quietly(() => server.emit(socket, 'late', 1)),
        );
        t.log(
          'broadcast',
          quietly(() => server.broadcast('late', 2)),
        );
        t.signal('gone');
      });
      server.start();
      await t.logged('hello', 2);
    },
    async client(t) {
      await t.wait('listening');
      const client = t.connect('world');
      client.on('late', () => t.log('late'));
      let drops = 0;
      client.on('disconnect', () => {
        drops += 1;
        if (drops > 1) return;
        // dropped: the connection that these were meant for is gone
        t.log(
          'while down',
          quietly(() => client.emit('hello', 'lost')),
        );
        t.log('callback still works', client.socket.destroyed);
      });
      let connects = 0;
      const again = new Promise((resolve) => {
        client.on('connect', () => {
          connects += 1;
          if (connects === 1) client.emit('hello', 1);
          else resolve();
        });
      });
      await t.wait('gone');
      await again;
      client.emit('hello', 2);
      await t.logged('while down');
      const other = t.create({ maxRetries: 0 });
      t.connect('nobody', () => {}, { ipc: other, at: 1 });
      const dead = other.of.nobody;
      await t.next(dead, 'disconnect');
      other.disconnect('nobody');
      t.log(
        'after disconnect',
        quietly(() => dead.emit('hello', 3)),
        other.of.nobody,
      );
    },
  },
  check({ lines }) {
    assert.deepStrictEqual(lines.server, [
      'hello 1',
      'same true',
      'emit "quiet"',
      'broadcast "quiet"',
      'hello 2',
    ]);
    assert.deepStrictEqual(lines.client, [
      'while down "quiet"',
      'callback still works true',
      'after disconnect "quiet" undefined',
    ]);
  },
};

// Programs end a socket themselves, and emit afterwards: an error tells them that the message is lost.
'use strict';

const assert = require('node:assert');

/** What follows is of the side that emits too late. */
const LATE = ['error "ERR_STREAM_WRITE_AFTER_END"', 'gone'];

module.exports = {
  name: "emit after the socket's end",
  rules: ['K8', 'K10'],
  roles: {
    async server(t) {
      const server = t.serve(() => t.signal('listening'));
      server.on('hello', (data, socket) => {
        t.log('hello', data);
        if (data !== 'now you') return;
        server.on('error', ({ code }) => t.log('error', code));
        server.emit(socket, 'last', 1);
        socket.end();
        server.broadcast('late', 2);
        server.emit(socket, 'late', 3);
      });
      server.on('socket.disconnected', () => t.log('gone'));
      server.on('late', () => t.log('late'));
      server.start();
      await t.logged('hello', 2);
      await t.logged('error');
      t.signal('done');
    },
    async client(t) {
      await t.wait('listening');
      const client = t.connect('world');
      client.on('error', ({ code }) => t.log('error', code));
      client.on('last', () => t.log('last'));
      client.on('late', () => t.log('late'));
      await t.next(client, 'connect');
      client.emit('hello', 'last of mine');
      client.socket.end();
      client.emit('late', 1);
      client.emit('late', 2);
      t.log('destroyed', client.socket.destroyed);
      await t.next(client, 'disconnect');
      t.log('gone');
      await t.next(client, 'connect');
      t.ipc.config.stopRetrying = true;
      client.emit('hello', 'now you');
      await t.next(client, 'destroy');
      await t.wait('done');
    },
  },
  check({ lines }) {
    assert.deepStrictEqual(lines.client, ['destroyed true', ...LATE, 'last']);
    assert.deepStrictEqual(lines.server.slice(0, 4), [
      'hello "last of mine"',
      'gone',
      'hello "now you"',
      LATE[0],
    ]);
  },
};

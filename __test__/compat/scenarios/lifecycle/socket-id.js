// `data.id` becomes socket.id, which `socket.disconnected` names; false if there was none.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'data.id, socket.id and socket.disconnected',
  rules: ['K9', 'K20', 'K5'],
  roles: {
    async server(t) {
      const server = t.serve(() => t.signal('listening'));
      const known = new Map();
      server.on('connect', (socket) => {
        known.set(socket, known.size);
        t.log('connect', socket.id, server.sockets.indexOf(socket) >= 0);
      });
      server.on('hello', (data, socket) => {
        t.log('hello', known.get(socket), socket.id);
        server.emit(socket, 'noted', socket.id);
      });
      server.on('socket.disconnected', (socket, id) => {
        t.log('gone', known.get(socket), id, socket.id, server.sockets.includes(socket));
        t.signal(`gone ${known.get(socket)}`);
      });
      // the argument is the socket's hadError
      server.on('close', (...args) => t.log('close', ...args));
      server.on('disconnect', () => t.log('never'));
      server.start();
      await t.logged('close', 3);
      t.log('left', server.sockets.length);
    },
    async client(t) {
      await t.wait('listening');
      for (const [nth, messages] of [
        [0, [{ id: 'Ada' }, { other: 1 }, 'text', { id: '' }, { id: 0 }]],
        [1, [{ id: 42 }, { id: 'second' }]],
        [2, ['anonymous', { id: null }]],
      ]) {
        const client = t.connect('world');
        const answers = t.next(client, 'noted');
        let count = 0;
        const all = new Promise((resolve) => {
          client.on('noted', (id) => {
            t.log('noted', id);
            count += 1;
            if (count === messages.length) resolve();
          });
        });
        messages.forEach((message) => client.emit('hello', message));
        await answers;
        await all;
        t.ipc.disconnect('world');
        await t.wait(`gone ${nth}`);
      }
    },
  },
  check({ lines }) {
    const gone = lines.server.filter((line) => line.startsWith('gone'));
    assert.deepStrictEqual(gone, [
      'gone 0 "Ada" "Ada" false',
      'gone 1 "second" "second" false',
      'gone 2 false undefined false',
    ]);
    assert.strictEqual(lines.server.at(-2), 'close false');
    assert.strictEqual(lines.server.at(-1), 'left 0');
    assert.ok(!lines.server.includes('never'));
  },
};

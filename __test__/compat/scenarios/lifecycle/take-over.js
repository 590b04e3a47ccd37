// `unlink: true`: a new server takes the path of a living one; the old one keeps its clients.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'a new server takes the path over',
  rules: ['K23', 'F9'],
  transports: ['unix'],
  roles: {
    async server1(t) {
      const server = t.serve(() => t.signal('first up'));
      server.on('hello', (data) => t.log('hello', data));
      server.start();
      await t.logged('hello', 2);
    },
    async server2(t) {
      await t.wait('first used');
      const server = t.serve(() => t.signal('second up'));
      server.on('hello', (data) => t.log('hello', data));
      server.start();
      await t.logged('hello');
    },
    async client(t) {
      await t.wait('first up');
      const one = t.connect('world');
      one.on('disconnect', () => t.log('disconnect'));
      await t.next(one, 'connect');
      one.emit('hello', 'one');
      t.signal('first used');
      await t.wait('second up');
      t.connect('world', (ipc) => ipc.of.world.emit('hello', 'two'), { ipc: t.create() });
      one.emit('hello', 'one again');
      t.log('emitted');
    },
  },
  check({ lines }) {
    assert.deepStrictEqual(lines.server1, ['hello "one"', 'hello "one again"']);
    assert.deepStrictEqual(lines.server2, ['hello "two"']);
  },
};

// connectTo with an id that is connected already: only the callback runs, with nothing.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'connectTo twice while connected',
  rules: ['K16'],
  roles: {
    async server(t) {
      const server = t.serve(() => t.signal('listening'));
      server.on('connect', () => t.log('connect', server.sockets.length));
      server.on('hello', (data) => t.log('hello', data));
      server.start();
      await t.logged('hello', 2);
    },
    async client(t) {
      await t.wait('listening');
      const first = t.watch('client', t.connect('world'));
      // still connecting
      const second = t.connect('world', (...args) => t.log('second callback', args.length));
      await t.logged('client.connect');
      const third = t.connect('world', (...args) => t.log('third callback', args.length));
      t.log('same', first === second, second === third, first.socket === third.socket);
      third.on('answer', () => {});
      third.emit('hello', 1);
      first.emit('hello', 2);
    },
  },
  check({ lines }) {
    assert.deepStrictEqual(lines.client, [
      'second callback 0',
      'client.connect',
      'third callback 0',
      'same true true true',
    ]);
    assert.deepStrictEqual(lines.server, ['connect 1', 'hello 1', 'hello 2']);
  },
};

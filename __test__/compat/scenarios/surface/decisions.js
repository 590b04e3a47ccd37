// What ferripc adds to the old calls without being in anybody's way: booleans, promises, `this`.
// Old: undefined everywhere, and 10.x calls handlers without `this`.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'return values and `this`',
  rules: ['K12', 'F7', 'F10'],
  compare: false,
  roles: {
    async server(t) {
      const server = t.serve(() => t.signal('listening'));
      server.on('hello', function (data, socket) {
        t.log('this', this === server);
        t.log('emit', server.emit(socket, 'answer', 1));
        server.broadcast('news', 2);
      });
      const started = server.start();
      t.log('start', started instanceof Promise);
      await started;
      await t.logged('emit');
      await t.wait('over');
      t.log('stop', server.stop() instanceof Promise);
    },
    async client(t) {
      await t.wait('listening');
      const client = t.connect('world');
      t.log('early', client.emit('early'));
      await t.next(client, 'connect');
      client.on('answer', function () {
        t.log('this', this === client);
      });
      t.log('up', client.emit('hello'));
      await t.next(client, 'news');
      t.ipc.config.stopRetrying = true;
      t.ipc.disconnect('world');
      t.log('down', client.emit('hello'));
      t.signal('over');
    },
  },
  check({ lines, impls }) {
    const server = {
      9: ['start false', 'this true', 'emit undefined', 'stop false'],
      10: ['start false', 'this false', 'emit undefined', 'stop false'],
      new: ['start true', 'this true', 'emit true', 'stop true'],
    };
    const client = {
      9: ['early undefined', 'up undefined', 'this true', 'down undefined'],
      10: ['early undefined', 'up undefined', 'this false', 'down undefined'],
      new: ['early true', 'up true', 'this true', 'down false'],
    };
    assert.deepStrictEqual(lines.server, server[impls.server]);
    assert.deepStrictEqual(lines.client, client[impls.client]);
  },
};

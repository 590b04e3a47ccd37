// '*' handlers see the type and the arguments of every event, the lifecycle's own included, and run
// before the typed ones. Only 10.x: what 9.x does is in star-9.js.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: "'*' handlers",
  rules: ['K12', 'K20'],
  pairings: ['10-10', '10-new', 'new-10', 'new-new'],
  roles: {
    async server(t) {
      const server = t.serve(() => t.signal('listening'));
      server.on('*', (...args) => t.log('*', ...args));
      server.on('ask', (...args) => t.log('ask', ...args));
      server.on('*', (type) => type === 'ask' && t.log('second *'));
      server.start();
      await t.wait('gone');
      await t.logged('*', 5);
    },
    async client(t) {
      await t.wait('listening');
      const client = t.connect('world');
      client.on('connect', (...args) => {
        t.log('connect', ...args);
        client.emit('ask', { a: 1 });
      });
      client.on('*', (...args) => t.log('*', ...args));
      client.on('disconnect', () => t.log('disconnect'));
      client.on('destroy', () => t.log('destroy'));
      await t.logged('connect');
      // disconnect() takes the '*' handlers away before anything happens, and only those
      t.ipc.disconnect('world');
      await t.logged('destroy');
      t.signal('gone');
    },
  },
  check({ lines }) {
    assert.deepStrictEqual(lines.server, [
      '* "start" undefined',
      '* "connect" [Socket]',
      '* "ask" {"a": 1} [Socket]',
      'second *',
      'ask {"a": 1} [Socket]',
      '* "close" false',
      '* "socket.disconnected" [Socket] false',
    ]);
    assert.deepStrictEqual(lines.client, ['* "connect"', 'connect', 'disconnect', 'destroy']);
  },
};

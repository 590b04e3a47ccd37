// A client greets, the server replies: events, arguments and bytes of the shortest conversation.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'greeting and reply',
  rules: ['K1', 'K3', 'K13', 'K15', 'K20'],
  wire: true,
  roles: {
    async server(t) {
      const server = t.serve(() => t.signal('listening'));
      server.on('greet', (data, socket) => {
        t.log('greet', data, socket, server.sockets.includes(socket));
        server.emit(socket, 'reply', { to: data.name });
      });
      t.watch('server', server, ['start', 'connect', 'error']);
      server.start();
      await t.logged('greet');
    },
    async client(t) {
      await t.wait('listening');
      const client = t.connect('world', () => t.log('callback'));
      t.watch('client', client);
      client.on('connect', () => client.emit('greet', { name: 'Ada', n: [1, 'ü'] }));
      client.on('reply', (...args) => t.log('reply', ...args));
      t.log('returned');
      await t.logged('reply');
    },
  },
  check({ lines }) {
    assert.deepStrictEqual(lines.client, [
      'callback',
      'returned',
      'client.connect',
      'reply {"to": "Ada"}',
    ]);
    assert.deepStrictEqual(lines.server, [
      'server.start undefined',
      'server.connect [Socket]',
      'greet {"name": "Ada", "n": [1, "ü"]} [Socket] true',
    ]);
    assert.match(
      lines.wire[0],
      /\{\\"type\\":\\"greet\\",\\"data\\":\{\\"name\\":\\"Ada\\".*\\f"$/,
    );
    assert.match(
      lines.wire[1],
      /\{\\"type\\":\\"reply\\",\\"data\\":\{\\"to\\":\\"Ada\\"\}\}\\f"$/,
    );
  },
};

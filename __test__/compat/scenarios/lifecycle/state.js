// The public state that programs read, before, during and after a connection.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'public state of clients and servers',
  rules: ['K5', 'K20', 'K17'],
  roles: {
    async server(t) {
      t.log('server', t.ipc.server, t.ipc.of);
      const server = t.serve(() => t.signal('listening'));
      t.log('same', t.ipc.server === server, server.config === t.ipc.config);
      t.log('made', server.path, server.port, server.udp4, server.udp6, server.server);
      t.log('sockets', Array.isArray(server.sockets), server.sockets.length);
      server.start();
      const [socket] = await t.next(server, 'connect');
      t.log('listening', server.server.listening, server.server.maxConnections);
      t.log('address', server.server.address());
      t.log('sockets', server.sockets.length, server.sockets[0] === socket);
      const count = await new Promise((resolve) => {
        server.server.getConnections((error, number) => resolve(number));
      });
      t.log('connections', count);
      t.signal('looked');
      await t.next(server, 'socket.disconnected');
      t.log('sockets', server.sockets.length);
    },
    async client(t) {
      await t.wait('listening');
      t.ipc.config.maxRetries = 5;
      const client = t.connect('world');
      t.log('made', client.id, client.path, client.port, client.config === t.ipc.config);
      t.log('count', client.retriesRemaining, client.explicitlyDisconnected);
      t.log('queue', typeof client.queue.add, client.queue.contents, typeof client.log);
      t.log('socket', client.socket.id, client.socket.connecting);
      await t.next(client, 'connect');
      t.log('up', client.retriesRemaining, client.socket.connecting, client.socket.destroyed);
      await t.wait('looked');
      t.ipc.disconnect('world');
      t.log('down', client.explicitlyDisconnected, client.socket.destroyed, Object.keys(t.ipc.of));
      await t.next(client, 'destroy');
      t.log('server', t.ipc.server);
    },
  },
  check({ lines, transport }) {
    assert.strictEqual(lines.server[0], 'server false {}');
    const made = transport === 'unix' ? '"<dir>/s0" undefined' : '"127.0.0.1" <port0>';
    assert.strictEqual(lines.client[0], `made "world" ${made} true`);
    assert.strictEqual(lines.client.at(-2), 'down true true []');
    assert.ok(lines.server.includes('connections 1'));
  },
};

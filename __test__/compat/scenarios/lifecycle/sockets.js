// The sockets on both sides are net.Sockets: identity, properties, counters, methods, listeners.
'use strict';

const assert = require('node:assert');
const net = require('node:net');

function facts(socket) {
  const { destroyed, connecting, pending, readyState, readable, writable } = socket;
  const { readableFlowing: flowing } = socket;
  return { destroyed, connecting, pending, readyState, readable, writable, flowing };
}

module.exports = {
  name: 'sockets are net.Sockets',
  rules: ['K4', 'K5'],
  roles: {
    async server(t) {
      const server = t.serve(() => t.signal('listening'));
      const names = new Map();
      server.on('connect', (socket) => {
        names.set(socket, 'mine');
        socket.mine = { deep: 1 };
        t.log('connect', socket instanceof net.Socket, server.sockets[0] === socket, facts(socket));
        t.log('address', socket.address().address, socket.remoteAddress, socket.remoteFamily);
        socket.on('data', (chunk) => t.log('chunk', typeof chunk, chunk.toString()));
        socket.on('end', () => t.log('end'));
        socket.on('close', (hadError) => t.log('close', hadError));
      });
      server.on('hello', (data, socket) => {
        t.log('hello', names.get(socket), socket.mine, socket.bytesRead, socket.bytesWritten);
        t.log('methods', socket.setNoDelay(true) === socket, socket.setKeepAlive(true) === socket);
        t.log('timeout', socket.setTimeout(0) === socket, socket.timeout);
        socket.write('{"type":"written","data":"by hand"}\f', () => {
          t.log('flushed', socket.bytesWritten, socket.writableLength);
          t.signal('written');
        });
      });
      server.on('socket.disconnected', (socket) => t.log('gone', names.get(socket), facts(socket)));
      server.start();
      await t.logged('gone');
      await t.logged('close');
    },
    async client(t) {
      await t.wait('listening');
      const client = t.connect('world');
      const { socket } = client;
      t.log('socket', socket instanceof net.Socket, socket.connecting, socket.readyState);
      socket.mine = 1;
      socket.on('connect', () => t.log('socket connect', facts(socket)));
      socket.on('data', (chunk) => t.log('chunk', typeof chunk, chunk.toString()));
      socket.on('close', (hadError) => t.log('close', hadError));
      client.on('written', (data) => t.log('written', data));
      await t.next(client, 'connect');
      t.log('remote', socket.remoteAddress, socket.remoteFamily, client.socket.mine);
      client.emit('hello', 1);
      await t.logged('written');
      await t.wait('written');
      t.log('bytes', socket.bytesRead, socket.bytesWritten);
      t.log('paused', socket.pause().readableFlowing, socket.resume().readableFlowing);
      t.log('listeners', socket.listenerCount('error') > 0);
      t.ipc.config.stopRetrying = true;
      socket.end();
      await t.next(client, 'destroy');
      t.log('after', facts(socket));
    },
  },
  check({ lines }) {
    assert.strictEqual(lines.client[0], 'socket true true "opening"');
    assert.ok(lines.client.includes('written "by hand"'));
    assert.match(lines.server[0], /^connect true true \{"destroyed": false, "connecting": false/);
    assert.ok(lines.server.some((line) => line === 'hello "mine" {"deep": 1} 26 0'));
  },
};

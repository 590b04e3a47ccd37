// The log lines of a UDP server, from start to stop.
'use strict';

const dgram = require('node:dgram');
const assert = require('node:assert');

module.exports = {
  name: 'log lines of a UDP server',
  rules: ['K18'],
  transports: ['udp4'],
  endpoints: 2,
  roles: {
    async server(t) {
      const ipc = t.create({ silent: false, logger: (line) => t.log('line', line) });
      const server = t.serve(() => {}, { ipc });
      server.on('ask', (data, peer) => {
        server.emit(peer, 'answer', data);
        server.emit({}, 'news', 1);
        ipc.config.rawBuffer = true;
        server.emit(peer, 'raw');
        server.emit({}, 'raw news');
        server.broadcast('raw news');
        ipc.config.rawBuffer = false;
      });
      server.start();
      await t.next(server, 'connect');
      t.signal('listening');
      await t.wait('answered');
      const closed = t.next(server, 'close');
      server.stop();
      await closed;
    },
    async peer(t) {
      await t.wait('listening');
      const socket = dgram.createSocket('udp4');
      const { port: from } = t.endpoint(1);
      socket.bind(from, '127.0.0.1', () => {
        const { host, port } = t.endpoint(0);
        socket.send('{"type":"ask","data":"é"}\f', port, host);
      });
      const answer = await new Promise((resolve) => socket.once('message', resolve));
      t.log('answer', String(answer));
      socket.close();
      t.signal('answered');
    },
  },
  check({ lines }) {
    assert.ok(lines.server.length >= 8);
    assert.ok(lines.server.includes('line "received event of :  ask é"'));
    assert.strictEqual(lines.server.filter((line) => line === 'line "utf8"').length, 2);
  },
};

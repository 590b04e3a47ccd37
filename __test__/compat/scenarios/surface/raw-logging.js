// The log lines of a server and a client in raw mode. A client has one more for each chunk, and these depend on how the bytes
// were cut.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'what is logged in raw mode',
  rules: ['K14', 'K18'],
  roles: {
    async server(t) {
      const logger = (line) => t.log('line', line);
      const ipc = t.create({ silent: false, rawBuffer: true, encoding: 'hex', logger });
      const server = t.serve(() => t.signal('listening'), { ipc });
      server.on('data', (data, socket) => {
        t.log('data', data.toString());
        server.emit(socket, '6f6e65');
        server.broadcast('616c6c');
      });
      server.start();
      await t.next(server, 'close');
      server.stop();
    },
    async client(t) {
      await t.wait('listening');
      const ipc = t.create({
        silent: false,
        rawBuffer: true,
        logger: (line) => line.startsWith('##') || t.log('line', line),
      });
      const client = t.connect('world', () => {}, { ipc });
      let text = '';
      const all = new Promise((resolve) => {
        client.on('data', (data) => {
          text += data;
          if (text.length === 'oneall'.length) resolve();
        });
      });
      client.on('connect', () => client.emit('hello'));
      await all;
      t.log('text', text);
      ipc.disconnect('world');
      await t.next(client, 'destroy');
    },
  },
  check({ lines }) {
    assert.strictEqual(lines.server.filter((line) => line === 'line "hex"').length, 1);
    assert.ok(lines.client.includes('text "oneall"'));
  },
};

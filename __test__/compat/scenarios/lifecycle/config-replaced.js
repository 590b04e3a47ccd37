// ipc.config can be replaced as a whole; a client or server keeps the object that it was made with.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'ipc.config replaced',
  rules: ['K6', 'K11', 'K18'],
  roles: {
    async server(t) {
      const server = t.serve(() => t.signal('listening'));
      t.log('own config', server.config === t.ipc.config);
      t.ipc.config = { ...t.ipc.config, mine: { any: 'key' }, delimiter: '\n' };
      t.log('kept', server.config === t.ipc.config, t.ipc.config.mine);
      server.on('hello', (data, socket) => {
        t.log('hello', data);
        server.emit(socket, 'answer', data);
      });
      server.start();
      await t.logged('hello');
      await t.wait('over');
    },
    async client(t) {
      await t.wait('listening');
      const client = t.connect('world');
      client.on('answer', (data) => t.log('answer', data));
      client.emit('hello', 1);
      await t.logged('answer');

      // one without anything but what this client needs
      const lines = [];
      t.ipc.config = {
        socketRoot: `${t.dir}/`,
        appspace: 'none.',
        maxRetries: 1,
        retry: 20,
        delimiter: '\f',
        encoding: 'utf8',
        interface: {},
        silent: true,
        logger: (line) => lines.push(line),
      };
      t.ipc.connectTo('lonely');
      const lonely = t.watch('lonely', t.ipc.of.lonely);
      t.log('path', lonely.path, lonely.config === t.ipc.config, client.config === t.ipc.config);
      await t.logged('lonely.destroy');
      t.ipc.config.silent = false;
      t.ipc.log('live', { a: 1 });
      t.log('lines', lines);
      t.signal('over');
    },
  },
  check({ lines }) {
    assert.strictEqual(lines.server[1], 'kept false {"any": "key"}');
    assert.strictEqual(lines.client[1], 'path "<dir>/none.lonely" true false');
    assert.strictEqual(lines.client.filter((line) => line.startsWith('lonely.error')).length, 2);
    assert.strictEqual(lines.client.at(-1), 'lines ["live { a: 1 }"]');
  },
};

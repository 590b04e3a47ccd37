// maxConnections: the ones too many are closed by the server and go on trying.
// Old: the server does not notice. New: it gets an `error` it can see.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'maxConnections',
  rules: ['K23', 'F16'],
  compare: false,
  roles: {
    async server(t) {
      t.ipc.config.maxConnections = 1;
      const server = t.serve(() => t.signal('listening'));
      server.on('connect', () => t.log('connect', server.sockets.length));
      server.on('error', (error) => t.log('error', error instanceof Error, error.code));
      server.start();
      t.log('limit', await t.wait('refused').then(() => server.server.maxConnections));
      await (t.isNew ? t.logged('error') : undefined);
      t.log('sockets', server.sockets.length);
    },
    async client(t) {
      await t.wait('listening');
      const one = t.connect('world');
      await t.next(one, 'connect');
      const ipc = t.create({ maxRetries: 0 });
      const two = t.connect('world', () => {}, { ipc });
      two.on('disconnect', () => t.log('disconnect'));
      two.on('destroy', () => t.log('destroy'));
      await t.logged('destroy');
      t.log('first', one.socket.destroyed);
      t.signal('refused');
    },
  },
  check({ lines, impls }) {
    assert.deepStrictEqual(lines.client, ['disconnect', 'destroy', 'first false']);
    const seen = lines.server.filter((line) => !line.startsWith('error'));
    assert.deepStrictEqual(seen, ['connect 1', 'limit 1', 'sockets 1']);
    const errors = lines.server.filter((line) => line.startsWith('error'));
    if (impls.server === 'new') {
      assert.ok(errors.includes('error true "ERR_FERRIPC_MAX_CONNECTIONS"'));
    } else {
      assert.deepStrictEqual(errors, []);
    }
  },
};

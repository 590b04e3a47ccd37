// Messages emitted before the server exists.
// Old: they go to the socket of the attempt that fails and are lost. New: kept until it is up.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'emit before the server exists',
  rules: ['F6', 'K3'],
  compare: false,
  roles: {
    async server(t) {
      await t.wait('failed');
      const server = t.serve(() => {});
      server.on('kept', (data) => t.log('kept', data));
      server.on('last', () => t.log('last'));
      server.start();
      await t.logged('last');
    },
    async client(t) {
      const client = t.connect('world', () => t.ipc.of.world.emit('kept', 1));
      client.emit('kept', 2);
      let failures = 0;
      client.on('disconnect', () => {
        failures += 1;
        if (failures === 2) t.signal('failed');
      });
      client.on('connect', () => client.emit('last'));
      await t.next(client, 'connect');
      t.log('connect');
    },
  },
  check({ lines, impls }) {
    assert.deepStrictEqual(
      lines.server,
      impls.client === 'new' ? ['kept 1', 'kept 2', 'last'] : ['last'],
    );
  },
};

// A program ends by itself once its clients are disconnected and its server is stopped, and only
// then: a retrying client and a listening server keep it alive.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'processes end by themselves',
  rules: ['K26', 'K10', 'F7', 'F8'],
  mayExit: ['server', 'client', 'client2'],
  roles: {
    async server(t) {
      const server = t.serve(() => t.signal('listening'));
      server.on('bye', () => {
        t.log('bye');
        server.stop();
      });
      server.start();
      await t.logged('bye');
      t.leave();
    },
    async client(t) {
      await t.wait('listening');
      const client = t.watch('client', t.connect('world'));
      await t.logged('client.connect');
      client.emit('bye');
      await t.quiet(20);
      t.ipc.disconnect('world');
      t.leave();
    },
    // disconnected while an attempt is due
    async client2(t) {
      const ipc = t.create({ retry: 40 });
      ipc.connectTo('nobody', `${t.dir}/nobody`);
      await t.next(ipc.of.nobody, 'disconnect');
      t.log('down');
      ipc.disconnect('nobody');
      t.leave();
    },
  },
  check({ lines, exits }) {
    assert.deepStrictEqual(exits, { server: 0, client: 0, client2: 0 });
    assert.deepStrictEqual(lines.client, ['client.connect', 'client.disconnect', 'client.destroy']);
    assert.deepStrictEqual(lines.server, ['bye']);
  },
};

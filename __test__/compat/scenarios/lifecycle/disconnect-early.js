// ipc.disconnect(id) before there is a connection: in the callback, and between two attempts.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'ipc.disconnect without a connection',
  rules: ['K10', 'F8'],
  roles: {
    async client(t) {
      const early = t.connect('nobody', () => {
        t.watch('early', t.ipc.of.nobody);
        t.ipc.disconnect('nobody');
      });
      t.log('of', early, t.ipc.of.nobody);
      await t.logged('early.destroy');

      const again = t.watch('again', t.connect('nobody'));
      await t.logged('again.disconnect', 2);
      t.ipc.disconnect('nobody');
      t.log('of', t.ipc.of.nobody, again.explicitlyDisconnected);
      // the attempt that was due does not happen
      await t.quiet(100);
    },
  },
  check({ lines }) {
    assert.deepStrictEqual(lines.client.slice(0, 3), [
      'of undefined undefined',
      'early.disconnect',
      'early.destroy',
    ]);
    assert.strictEqual(lines.client.at(-1), 'of undefined true');
    assert.strictEqual(lines.client.filter((line) => line.startsWith('again.error')).length, 2);
  },
};

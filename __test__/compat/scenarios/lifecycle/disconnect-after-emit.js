// emit, then ipc.disconnect() at once: a small message, a big one, and one before the connection.
// Old: what is not in the kernel yet is lost. New: it is flushed first, and the process waits.
'use strict';

const assert = require('node:assert');

const BIG = 'x'.repeat(8 * 1024 * 1024);

module.exports = {
  name: 'ipc.disconnect straight after emit',
  rules: ['F6', 'K10'],
  compare: false,
  mayExit: ['client'],
  roles: {
    async server(t) {
      const server = t.serve(() => t.signal('listening'));
      server.on('last', (data) => {
        t.log('last', typeof data === 'string' && data.length > 9 ? 'big' : data);
      });
      server.start();
      if (await t.wait('flushes')) {
        await t.logged('last', 3);
      } else {
        await t.wait('exit:client');
        await t.quiet();
      }
    },
    async client(t) {
      t.signal('flushes', t.isNew);
      await t.wait('listening');
      const small = t.connect('world');
      await t.next(small, 'connect');
      small.emit('last', 'small');
      t.ipc.disconnect('world');
      await t.next(small, 'destroy');

      const big = t.connect('world');
      await t.next(big, 'connect');
      big.emit('last', BIG);
      t.ipc.disconnect('world');
      await t.next(big, 'destroy');

      t.connect('world', () => t.ipc.of.world.emit('last', 'early'));
      t.ipc.disconnect('world');
      t.log('disconnected');
      await t.flush();
      // nothing but the library may keep the process alive until the message is out
      t.leave();
    },
  },
  check({ lines, impls, exits }) {
    assert.strictEqual(exits.client, 0);
    const arrived = [...lines.server].sort();
    if (impls.client === 'new') {
      assert.deepStrictEqual(arrived, ['last "big"', 'last "early"', 'last "small"']);
    } else {
      // Of the big one the kernel may have taken all at once.
      const certain = arrived.filter((line) => line !== 'last "big"');
      assert.deepStrictEqual(certain, ['last "small"']);
    }
  },
};

// connectTo with an id whose client is down: a new client takes its place.
// Old: the first one and its retry timer live on and connect behind the user's back.
// New: there is one client per id.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'connectTo twice while down',
  rules: ['K16', 'F8'],
  compare: false,
  roles: {
    async server(t) {
      await t.wait('replaced');
      const server = t.serve(() => {});
      server.on('connect', () => t.log('connect'));
      server.start();
      await t.wait('over');
      await t.quiet();
    },
    async client(t) {
      const first = t.connect('world');
      first.on('connect', () => t.log('first connect'));
      await t.next(first, 'disconnect');
      const second = t.connect('world', (ipc) => t.log('callback', ipc === t.ipc));
      second.on('connect', () => t.log('second connect'));
      t.log('replaced', first !== second, t.ipc.of.world === second);
      t.signal('replaced');
      await t.logged('second connect');
      if (!t.isNew) await t.logged('first connect');
      await t.quiet();
      t.signal('over');
    },
  },
  check({ lines, impls }) {
    const expected = ['callback true', 'replaced true true', 'second connect'];
    if (impls.client !== 'new') expected.push('first connect');
    assert.deepStrictEqual([...lines.client].sort(), expected.sort());
    assert.strictEqual(lines.server.length, impls.client === 'new' ? 1 : 2);
  },
};

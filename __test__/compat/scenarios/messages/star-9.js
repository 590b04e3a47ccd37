// '*' handlers of 9.x are unusable on any Node since 10: its event library picks an old branch that
// passes the payload's own items as arguments and writes into the payload. Nobody can build on it.
// New: (type, ...args) and an untouched payload, as 9.x's documentation has it.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: "'*' handlers where 9.x has them broken",
  rules: ['K12'],
  pairings: ['9-9', 'new-new'],
  compare: false,
  roles: {
    async server(t) {
      const server = t.serve(() => t.signal('listening'));
      server.on('connect', () => {
        server.on('*', (...args) => t.log('*', ...args));
        t.signal('starred');
      });
      server.on('object', (data) => t.log('object', data));
      server.on('array', (data) => t.log('array', data));
      server.start();
      await t.logged('array');
    },
    async client(t) {
      await t.wait('listening');
      const client = t.connect('world');
      await t.wait('starred');
      client.emit('object', { a: 1 });
      client.emit('array', [1, 2]);
    },
  },
  check({ lines, impls }) {
    if (impls.server === 'new') {
      assert.deepStrictEqual(lines.server, [
        '* "object" {"a": 1} [Socket]',
        'object {"a": 1}',
        '* "array" [1, 2] [Socket]',
        'array [1, 2]',
      ]);
    } else {
      assert.deepStrictEqual(lines.server, [
        '*',
        'object {"a": 1, "shift": [Function], "length": 0}',
        '* 2',
        'array [2]',
      ]);
    }
  },
};

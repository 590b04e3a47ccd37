// Messages named like members of Object.prototype.
// Old: 10.x dies of the first one, 9.x delivers none. New: they are messages like any other.
'use strict';

const assert = require('node:assert');

const TYPES = ['toString', '__proto__', 'constructor', 'hasOwnProperty', 'valueOf'];
const BYTES = [...TYPES, 'good'].map((type) => `{"type":"${type}","data":1}\f`).join('');

module.exports = {
  name: 'messages named like members of Object.prototype',
  rules: ['F4', 'F5'],
  compare: false,
  mayExit: ['server'],
  roles: {
    async server(t) {
      const server = t.serve(() => t.signal('listening'));
      if (t.isNew) for (const type of TYPES) server.on(type, (data) => t.log(type, data));
      server.on('good', () => t.log('good'));
      server.start();
      await t.logged('good');
    },
    async peer(t) {
      await t.wait('listening');
      t.rawConnect()
        .on('error', () => {})
        .write(BYTES);
    },
  },
  check({ lines, impls }) {
    if (impls.server === '10') assert.match(lines.server[0], /^CRASH /);
    else if (impls.server === '9') assert.deepStrictEqual(lines.server, ['good']);
    else assert.deepStrictEqual(lines.server, [...TYPES.map((type) => `${type} 1`), 'good']);
  },
};

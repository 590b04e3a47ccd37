// connectToNet with a UDP type in the callback's place: there is no UDP client.
// Old: 9.x throws a ReferenceError, 10.x makes a global of it. New: ignored.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'connectToNet with a UDP type',
  rules: ['F20', 'K13'],
  transports: ['tcp'],
  compare: false,
  roles: {
    async client(t) {
      t.ipc.config.maxRetries = 0;
      const { host, port } = t.endpoint();
      try {
        t.ipc.connectToNet('world', host, port, 'udp4');
        t.log('client', t.ipc.of.world.path, t.ipc.of.world.port);
      } catch (error) {
        t.log('throws', error.name);
      }
      t.log('global', globalThis.UDPType);
    },
  },
  check({ lines, impls }) {
    const client = 'client "127.0.0.1" <port0>';
    const expected = {
      9: ['throws "ReferenceError"', 'global undefined'],
      10: [client, 'global "udp4"'],
      new: [client, 'global undefined'],
    };
    assert.deepStrictEqual(lines.client, expected[impls.client]);
  },
};

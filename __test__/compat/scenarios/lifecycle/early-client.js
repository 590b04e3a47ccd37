// A client that starts before its server: failed attempts, then the connection. What was emitted
// before the first connection is lost with the failed socket in the old packages and kept in the
// new one, so the message here is emitted on 'connect'.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'connect before the server exists',
  rules: ['K10', 'K11'],
  roles: {
    async server(t) {
      await t.wait('failed twice');
      const server = t.serve(() => t.log('start'));
      server.on('hello', (data) => t.log('hello', data));
      server.start();
      await t.logged('hello');
    },
    async client(t) {
      const client = t.connect('world');
      let failures = 0;
      // only the first two attempts are certain
      const early = (label) => (error) => failures < 3 && t.log(label, error);
      client.on('error', (error) => {
        failures += 1;
        early('error')(error);
      });
      client.on('disconnect', () => {
        early('disconnect')();
        if (failures === 2) t.signal('failed twice');
      });
      client.on('connect', () => {
        t.log('connect', client.retriesRemaining);
        client.emit('hello', 'at last');
      });
      await t.logged('connect');
      t.log('resets', client.retriesRemaining, client.socket.destroyed);
    },
  },
  check({ lines }) {
    assert.match(lines.client[0], /^error Error: connect (ENOENT|ECONNREFUSED) /);
    assert.match(lines.client[1], /^disconnect/);
    assert.match(lines.client[2], /^error Error: connect (ENOENT|ECONNREFUSED) /);
    assert.match(lines.client[3], /^disconnect/);
    assert.deepStrictEqual(lines.client.slice(4), ['connect Infinity', 'resets Infinity false']);
    assert.deepStrictEqual(lines.server, ['start', 'hello "at last"']);
  },
};

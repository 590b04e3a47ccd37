// Every way to call serve and serveNet: what the server is made with, and which callback it takes.
// Nothing is started; the callback is a `start` listener, so publishing `start` runs it.
'use strict';

const assert = require('node:assert');

const CALLS = {
  serve: [
    ['CB'],
    [],
    ['/path'],
    ['/path', 'CB'],
    ['', 'CB'],
    [null, 'CB'],
    [undefined, 'CB'],
    [false, 'CB'],
  ],
  serveNet: [
    [],
    ['CB'],
    ['localhost'],
    ['localhost', 'CB'],
    ['localhost', 9001],
    ['localhost', 9001, 'CB'],
    ['localhost', 9001, 'udp4'],
    ['localhost', 9001, 'udp4', 'CB'],
    ['localhost', 9001, 'udp6', 'CB'],
    ['localhost', 'udp4'],
    ['localhost', 'udp4', 'CB'],
    ['localhost', false, 'CB'],
    ['localhost', null, false, 'CB'],
    [9001],
    [9001, 'CB'],
    [9001, 'udp4'],
    [9001, 'udp4', 'CB'],
    [9001, 'udp6', 'CB'],
    ['udp4'],
    ['udp4', 'CB'],
    ['UDP6', 'CB'],
    [false, 9001, 'CB'],
    [null, 9001, 'udp4', 'CB'],
    ['::1', 9001, 'udp4'],
    ['::1', 9001, 'udp6'],
    ['::1', 9001],
  ],
};

module.exports = {
  name: 'every way to call serve and serveNet',
  rules: ['K13', 'K20'],
  transports: ['unix'],
  roles: {
    async server(t) {
      const settings = { socketRoot: '/root/', appspace: 'space.', id: 'me', networkPort: 9999 };
      for (const [method, list] of Object.entries(CALLS)) {
        for (const call of list) {
          const ipc = t.create(settings);
          let args = null;
          const callback = (...given) => (args = given);
          const result = ipc[method](...call.map((one) => (one === 'CB' ? callback : one)));
          const { path, port, udp4, udp6, server } = ipc.server;
          ipc.server.publish('start', 'given');
          t.log(`${method} ${t.describe(call)}`, path, port, udp4, udp6, server, args, result);
        }
      }
    },
  },
  check({ lines }) {
    const count = Object.values(CALLS).flat().length;
    assert.strictEqual(lines.server.length, count);
    assert.strictEqual(
      lines.server[0],
      'serve ["CB"] "/root/space.me" undefined false false false ["given"] undefined',
    );
  },
};

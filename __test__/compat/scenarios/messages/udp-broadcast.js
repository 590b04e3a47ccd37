// UDP broadcast, also by an emit without address.
// Old: its list of peers starts after the only entry it ever has, so nobody hears anything.
// New: every peer that has sent something does.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'UDP broadcast',
  rules: ['F14', 'K15'],
  transports: ['udp4'],
  endpoints: 2,
  compare: false,
  roles: {
    async server(t) {
      const server = t.serve(() => {});
      server.on('connect', () => t.signal('listening'));
      server.on('hello', (data, { address, port }) => {
        server.broadcast('news', 1);
        server.emit({}, 'news', 2);
        server.emit({ address, port }, 'last');
        t.log('hello');
      });
      server.start();
      await t.wait('over');
    },
    async client(t) {
      await t.wait('listening');
      const server = t.serve(() => {}, { at: 1 });
      server.on('news', (data) => t.log('news', data));
      const last = t.next(server, 'last');
      server.start();
      await t.next(server, 'connect');
      const { host, port } = t.endpoint(0);
      server.emit({ address: host, port }, 'hello');
      await last;
      t.signal('over');
    },
  },
  check({ lines, pairing }) {
    assert.deepStrictEqual(lines.server, ['hello']);
    assert.deepStrictEqual(lines.client, pairing.startsWith('new') ? ['news 1', 'news 2'] : []);
  },
};

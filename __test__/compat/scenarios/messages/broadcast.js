// One message to all clients; without clients nothing happens.
'use strict';

const assert = require('node:assert');

async function listener(t) {
  await t.wait('listening');
  const client = t.connect('world');
  client.on('news', (...args) => t.log('news', ...args));
  client.on('connect', () => client.emit('hello', t.name));
  await t.logged('news', 2);
  // the order in which the three are gone is theirs, so it is not part of any transcript
  await t.wait('over');
}

module.exports = {
  name: 'broadcast to several clients',
  rules: ['K15', 'K5'],
  roles: {
    async server(t) {
      const server = t.serve(() => {
        server.broadcast('nobody', 'hears this');
        t.log('sockets', server.sockets.length);
        t.signal('listening');
      });
      const names = [];
      server.on('hello', (name) => {
        names.push(name);
        if (names.length < 3) return;
        t.log('clients', names.sort(), server.sockets.length);
        server.broadcast('news', { all: 3 });
        server.broadcast('news');
        t.signal('over');
      });
      server.start();
      await t.logged('clients');
    },
    client1: listener,
    client2: listener,
    client3: listener,
  },
  check({ lines }) {
    assert.deepStrictEqual(lines.server, [
      'sockets 0',
      'clients ["client1", "client2", "client3"] 3',
    ]);
    for (const name of ['client1', 'client2', 'client3']) {
      assert.deepStrictEqual(lines[name], ['news {"all": 3}', 'news {}']);
    }
  },
};

// config.interface: where a TCP client connects from, and how it looks its host up.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'config.interface',
  rules: ['K24'],
  transports: ['tcp'],
  endpoints: 2,
  roles: {
    async server(t) {
      const server = t.serve(() => t.signal('listening'));
      const own = t.endpoint(1).port;
      server.on('hello', (data, socket) => {
        t.log('hello', data, socket.remoteAddress, socket.remotePort === own);
        t.signal(data);
      });
      server.start();
      await t.logged('hello', 3);
    },
    async client(t) {
      await t.wait('listening');
      const { host, port } = t.endpoint();
      const say = async (name, to, settings) => {
        const ipc = t.create();
        Object.assign(ipc.config.interface, settings);
        ipc.connectToNet('world', to, port);
        ipc.of.world.emit('hello', name);
        await t.next(ipc.of.world, 'connect');
        await t.wait(name);
        t.log('connected', name);
        return ipc;
      };
      const lookup = (name, options, callback) => {
        t.log('lookup', name, options.family);
        if (options.all) callback(null, [{ address: host, family: 4 }]);
        else callback(null, host, 4);
      };
      await say('address', host, { localAddress: '127.0.0.2' });
      await say('port', host, { localAddress: '127.0.0.1', localPort: t.endpoint(1).port });
      await say('lookup', 'some.where', { family: 4, lookup });
    },
  },
  check({ lines }) {
    assert.deepStrictEqual(lines.server, [
      'hello "address" "127.0.0.2" false',
      'hello "port" "127.0.0.1" true',
      'hello "lookup" "127.0.0.1" false',
    ]);
    assert.deepStrictEqual(lines.client.slice(-2), ['lookup "some.where" 4', 'connected "lookup"']);
  },
};

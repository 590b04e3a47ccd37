// The files behind the entry, with and without .js, used without any ipc object: a Client and a
// subclassed Server of one's own.
'use strict';

const assert = require('node:assert');

function settings(t, Defaults) {
  return Object.assign(new Defaults(), { silent: true, retry: 20, mine: t.name });
}

function log(...args) {
  // called as a method of the client or server, so `this` is that
  if (this.config.mine === 'never') throw new Error(args.join(' '));
}

module.exports = {
  name: 'deep imports',
  rules: ['K25', 'K13', 'K20'],
  pairings: ['9-9', '9-new', 'new-9', 'new-new'],
  roles: {
    async server(t) {
      const { deep } = t.implementation;
      const Server = deep('dao/socketServer');
      const Defaults = deep('entities/Defaults');
      t.log(
        'same',
        Server === deep('dao/socketServer.js'),
        Defaults === deep('entities/Defaults.js'),
      );
      class MyServer extends Server {
        constructor(...args) {
          super(...args);
          this.seen = 0;
        }
        onStart(socket) {
          t.log('onStart', socket);
          super.onStart(socket);
        }
        stop() {
          t.log('stop');
          return super.stop();
        }
        welcome(socket) {
          this.seen += 1;
          this.emit(socket, 'welcome', this.seen);
        }
      }
      const { path, host, port } = t.endpoint();
      const server = new MyServer(path || host, settings(t, Defaults), log, port);
      t.log('made', server.path, server.port, server.udp4, server.sockets, server.server);
      t.log('instance', server instanceof Server, server.config.mine);
      server.on('start', () => t.signal('listening'));
      server.on('hello', (data, socket) => server.welcome(socket));
      server.start();
      await t.next(server, 'hello');
      server.broadcast('bye');
      server.stop();
      await t.next(server, 'socket.disconnected');
    },
    async client(t) {
      const { deep } = t.implementation;
      const Client = deep('dao/client');
      const Defaults = deep('entities/Defaults');
      const IPC = deep('services/IPC');
      t.log('same', Client === deep('dao/client.js'), IPC === deep('services/IPC.js'));
      t.log('IPC', t.implementation.singleton().IPC === IPC, new IPC().server, new IPC().of);
      t.log('version', typeof deep('package.json').version);
      await t.wait('listening');
      const config = settings(t, Defaults);
      config.stopRetrying = true;
      const client = new Client(config, log);
      t.log('made', client.id, client.path, client.socket, client.retriesRemaining);
      client.id = 'world';
      const { path, host, port } = t.endpoint();
      client.path = path || host;
      client.port = port;
      client.connect();
      t.log('socket', client.socket.connecting, client.Client === Client);
      client.on('welcome', (data) => t.log('welcome', data));
      client.on('bye', () => t.log('bye'));
      client.on('destroy', () => t.log('destroy'));
      client.emit('hello', 1);
      await t.logged('bye');
      client.socket.destroy();
      await t.logged('destroy');
    },
  },
  check({ lines }) {
    assert.deepStrictEqual(lines.client.slice(-3), ['welcome 1', 'bye', 'destroy']);
    assert.ok(lines.server.includes('onStart undefined'));
    assert.ok(lines.server.includes('stop'));
    assert.strictEqual(lines.client[0], 'same true true');
  },
};

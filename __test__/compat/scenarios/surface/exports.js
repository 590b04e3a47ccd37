// The shape of the module: what require() gives, what the singleton has, what an instance has.
'use strict';

const assert = require('node:assert');

const SYMBOLS = ['IPC', 'config', 'connectTo', 'connectToNet', 'disconnect', 'log', 'of'];
SYMBOLS.push('serve', 'serveNet', 'server');

module.exports = {
  name: 'exports all expected symbols',
  rules: ['K19', 'K20', 'K21'],
  transports: ['unix'],
  roles: {
    async server(t) {
      const ipc = t.singleton;
      t.log(
        'symbols',
        SYMBOLS.filter((name) => ipc[name] === undefined),
      );
      t.log('types', Object.fromEntries(SYMBOLS.map((name) => [name, typeof ipc[name]])));
      t.log('of', ipc.of, 'server', ipc.server);
      t.log('same', ipc === t.implementation.singleton());
      // programs hang their own properties on it
      ipc.mine = 1;
      t.log('extensible', Object.isExtensible(ipc), ipc.mine);
      const one = new ipc.IPC();
      const two = new ipc.IPC();
      t.log('independent', one.config !== two.config, one.of !== two.of, one.config !== ipc.config);
      one.config.id = 'one';
      t.log('ids', one.config.id, two.config.id === ipc.config.id, ipc.config.id !== 'one');
      t.log('instance', ipc instanceof ipc.IPC, one instanceof ipc.IPC);
      class Mine extends ipc.IPC {
        constructor(id) {
          super();
          this.config.id = id;
          this.config.silent = true;
        }
        hello() {
          return `hello from ${this.config.id}`;
        }
      }
      const mine = new Mine('me');
      mine.serve(`${t.dir}/mine`, () => {});
      t.log('subclass', mine.hello(), mine instanceof ipc.IPC, mine.server.path, one.server);
    },
  },
  check({ lines }) {
    assert.strictEqual(lines.server[0], 'symbols []');
    assert.match(lines.server.at(-1), /^subclass "hello from me" true "<dir>\/mine" false$/);
  },
};

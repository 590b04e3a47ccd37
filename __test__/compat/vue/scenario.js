// Vue CLI's plugins speak to its UI through node-ipc: the IpcMessenger of @vue/cli-shared-utils and
// the server of @vue/cli-ui, both unchanged. Called by vue.test.js.
'use strict';

const assert = require('node:assert');
const { load } = require('./programs.js');

function messenger(t, program, options) {
  const { IpcMessenger } = program.require('@vue/cli-shared-utils');
  const one = new IpcMessenger(options);
  // It hands its method to node-ipc unbound, and 9.x calls handlers with the client as `this`: a
  // program that wants to hear something has to do this.
  one._onMessage = one._onMessage.bind(one);
  return one;
}

module.exports = {
  name: 'Vue CLI: IpcMessenger and the UI server',
  rules: ['K2', 'K3', 'K12', 'K15', 'K16', 'K19'],
  transports: ['unix'],
  pairings: ['9-9', '9-new', 'new-9', 'new-new'],
  mayExit: ['client2'],
  roles: {
    async server(t) {
      const { ipc, require } = load(t);
      const ui = require('@vue/cli-ui/apollo-server/util/ipc');
      t.next(ipc.server, 'start').then(() => t.signal('listening'));
      const stop = ui.on(({ data, emit }) => {
        t.log('message', data);
        emit({ echo: data });
        if (data.n === 3) ui.send({ to: 'all' });
      });
      ui.on(({ data }) => t.log('second listener', data));
      ipc.server.on('ack', (data) => t.log('ack', data));
      await t.logged('second listener', 4);
      stop();
      t.signal('one listener left');
      await t.logged('second listener', 5);
      await t.wait('over');
    },
    async client(t) {
      const program = load(t);
      await t.wait('listening');
      const one = messenger(t, program);
      one.on((data) => t.log('heard', data));
      // before there is a connection
      one.send({ n: 1 });
      one.send({ text: 'grüße' });
      t.log('connected', one.connected, one.connecting);
      await t.logged('heard', 2);
      // a goodbye that the server acknowledges, and a new start
      one.disconnect();
      await t.next(program.ipc.of[one.id], 'destroy');
      t.log('gone', one.connected, program.ipc.of[one.id]);
      one.send({ n: 3 });
      await t.logged('heard', 4);
      t.signal('again');
      await t.wait('idle one gone');
      await t.wait('one listener left');
      // only the second listener is left, and it does not answer
      one.send({ n: 5 });
      t.log('over');
      t.signal('over');
    },
    // a messenger as Vue CLI's own tasks use it: says one thing, disconnects, and the process ends
    async client2(t) {
      const program = load(t);
      await t.wait('again');
      const one = messenger(t, program, { disconnectOnIdle: true, idleTimeout: 10 });
      one.on((data) => t.log('heard', data));
      one.connect();
      one.send({ n: 4 });
      program.ipc.of[one.id].on('destroy', () => t.log('destroy'));
      await t.logged('destroy');
      t.signal('idle one gone');
      await t.flush();
      t.leave();
    },
  },
  check({ lines, exits }) {
    assert.deepStrictEqual(lines.client.slice(0, 6), [
      'connected true false',
      'heard {"echo": {"n": 1}}',
      'heard {"echo": {"text": "grüße"}}',
      'gone false undefined',
      'heard {"echo": {"n": 3}}',
      'heard {"to": "all"}',
    ]);
    assert.deepStrictEqual(lines.client2, ['heard {"echo": {"n": 4}}', 'destroy']);
    assert.strictEqual(exits.client2, 0);
    assert.strictEqual(lines.server.filter((line) => line.startsWith('message')).length, 4);
    assert.strictEqual(lines.server.at(-1), 'second listener {"n": 5}');
  },
};

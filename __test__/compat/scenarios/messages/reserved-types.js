// Messages named like lifecycle events reach the handlers of that name, and change nothing else.
'use strict';

const assert = require('node:assert');

const TYPES = ['close', 'connect', 'disconnect', 'destroy', 'socket.disconnected', 'start', 'data'];
TYPES.push('error', 'message', 'end', 'undefined', 'stop', '');
const BYTES = [...TYPES, 'good']
  .map((type) => `${JSON.stringify({ type, data: { type } })}\f`)
  .join('');

function listen(t, emitter) {
  for (const type of TYPES) {
    emitter.on(type, (data, socket) => {
      if (data && data.type === type) t.log(`got ${type}`, data, socket);
    });
  }
  emitter.on('good', () => t.log('good'));
  return t.logged('good');
}

module.exports = {
  name: 'messages named like lifecycle events',
  rules: ['F5', 'K20'],
  endpoints: 2,
  roles: {
    async server(t) {
      const server = t.serve(() => t.signal('server up'));
      server.start();
      await listen(t, server);
      t.log('sockets', server.sockets.length, server.server.listening);
    },
    async peer(t) {
      await t.wait('server up');
      t.rawConnect().write(BYTES);
      await t.rawServe((socket) => socket.write(BYTES), 1);
      t.signal('peer up');
    },
    async client(t) {
      await t.wait('peer up');
      const client = t.connect('peer', () => {}, { at: 1 });
      await listen(t, client);
      t.log('state', client.socket.destroyed, t.ipc.of.peer === client, client.retriesRemaining);
    },
  },
  check({ lines }) {
    assert.strictEqual(lines.server.length, TYPES.length + 2);
    assert.strictEqual(lines.server.at(-1), 'sockets 1 true');
    assert.strictEqual(lines.client.at(-1), 'state false true Infinity');
  },
};

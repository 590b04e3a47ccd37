// stopRetrying and maxRetries: 0 on a connection that worked: its loss is final.
'use strict';

const assert = require('node:assert');

const SETTINGS = [
  { stopRetrying: true },
  { stopRetrying: 5 },
  { maxRetries: 0 },
  { maxRetries: 1 },
];

module.exports = {
  name: 'the loss of a working connection',
  rules: ['K10', 'K11'],
  endpoints: SETTINGS.length,
  roles: {
    async peer(t) {
      for (const at of SETTINGS.keys()) {
        const server = await t.rawServe((socket) => {
          socket.on('error', () => {});
          socket.once('data', () => {
            server.close();
            socket.destroy();
          });
        }, at);
      }
      t.signal('listening');
      await t.wait('over');
      t.log('over');
    },
    async client(t) {
      await t.wait('listening');
      for (const [at, settings] of SETTINGS.entries()) {
        const ipc = t.create(settings);
        const client = t.connect('peer', () => {}, { ipc, at });
        for (const event of ['connect', 'error', 'disconnect', 'destroy']) {
          client.on(event, (error) => {
            t.log(`${at} ${event}`, client.retriesRemaining, error && error.code);
          });
        }
        client.on('connect', () => client.emit('bye'));
        await t.logged(`${at} destroy`);
      }
      t.signal('over');
    },
  },
  check({ lines, transport }) {
    const code = transport === 'unix' ? 'ENOENT' : 'ECONNREFUSED';
    assert.deepStrictEqual(lines.client, [
      ...['connect', 'disconnect', 'destroy'].map((event) => `0 ${event} Infinity undefined`),
      ...['connect', 'disconnect', 'destroy'].map((event) => `1 ${event} Infinity undefined`),
      ...['connect', 'disconnect', 'destroy'].map((event) => `2 ${event} 0 undefined`),
      ...['3 connect 1 undefined', '3 disconnect 1 undefined', `3 error 0 "${code}"`],
      ...['3 disconnect 0 undefined', '3 destroy 0 undefined'],
    ]);
  },
};

// `sync: true` and a connection that drops with a message in flight.
// Old: the queue waits for the lost answer for ever. New: it starts again on reconnect.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'sync mode after a dropped connection',
  rules: ['F12'],
  compare: false,
  roles: {
    async peer(t) {
      let connections = 0;
      await t.rawServe((socket) => {
        const nth = ++connections;
        socket.on('error', () => {});
        socket.on('data', (chunk) => {
          t.log(`bytes ${nth}`, String(chunk));
          if (nth === 1) socket.destroy();
        });
        if (nth === 2) t.signal('back');
      });
      t.signal('listening');
      await t.wait('over');
    },
    async client(t) {
      await t.wait('listening');
      t.ipc.config.sync = true;
      const client = t.connect('peer');
      client.emit('job', 1);
      await t.wait('back');
      client.emit('job', 2);
      await t.quiet(100);
      t.signal('over');
    },
  },
  check({ lines, impls }) {
    const later = lines.peer.filter((line) => line.startsWith('bytes 2'));
    if (impls.client === 'new') assert.match(later.join(''), /\\"job\\",\\"data\\":2/);
    else assert.deepStrictEqual(later, []);
  },
};

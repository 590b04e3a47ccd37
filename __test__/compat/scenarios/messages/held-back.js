// A complete frame and the beginning of the next in one chunk.
// Old: nothing is delivered until a chunk ends on the delimiter. New: the complete one at once.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'a complete frame is not held back',
  rules: ['F1'],
  compare: false,
  roles: {
    async server(t) {
      const server = t.serve(() => t.signal('listening'));
      server.on('one', () => t.log('one'));
      server.on('two', () => t.log('two'));
      server.start();
      await t.wait('half written');
      if (t.isNew) await t.logged('one');
      else await t.quiet();
      t.log('rest');
      t.signal('rest');
      await t.logged('two');
    },
    async peer(t) {
      await t.wait('listening');
      const socket = t.rawConnect();
      await new Promise((done) => socket.write('{"type":"one","data":1}\f{"type":"tw', done));
      t.signal('half written');
      await t.wait('rest');
      socket.write('o","data":2}\f');
    },
  },
  check({ lines, impls }) {
    assert.deepStrictEqual(
      lines.server,
      impls.server === 'new' ? ['one', 'rest', 'two'] : ['rest', 'one', 'two'],
    );
  },
};

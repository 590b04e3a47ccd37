// stop() before start(). Old: throws. New: safe, and both return promises.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'stop before start',
  rules: ['F7', 'F10', 'K13'],
  compare: false,
  roles: {
    async server(t) {
      const server = t.serve(() => t.log('start'));
      try {
        t.log('stop', typeof (await server.stop()));
      } catch (error) {
        t.log('throws', error.name);
      }
      const started = server.start();
      t.log('promise', started instanceof Promise);
      await t.logged('start');
      await started;
      const stopped = server.stop();
      t.log('promise', stopped instanceof Promise);
      await stopped;
      t.log('listening', server.server.listening);
    },
  },
  check({ lines, impls }) {
    const isNew = impls.server === 'new';
    assert.deepStrictEqual(lines.server, [
      isNew ? 'stop "undefined"' : 'throws "TypeError"',
      `promise ${isNew}`,
      'start',
      `promise ${isNew}`,
      'listening false',
    ]);
  },
};

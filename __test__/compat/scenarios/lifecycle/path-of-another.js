// A server is stopped after a newer one took its path over.
// Old: the path of the newer one is removed. New: only one's own.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');

module.exports = {
  name: "a stopped server leaves a newer server's path alone",
  rules: ['F9'],
  transports: ['unix'],
  compare: false,
  roles: {
    async server(t) {
      const older = t.create();
      await new Promise((resolve) => t.serve(resolve, { ipc: older }).start());
      const newer = t.create();
      await new Promise((resolve) => t.serve(resolve, { ipc: newer }).start());
      const closed = t.next(older.server.server, 'close');
      older.server.stop();
      await closed;
      t.log('path', fs.existsSync(t.endpoint().path), fs.readdirSync(t.dir));
    },
  },
  check({ lines, impls }) {
    const kept = impls.server === 'new';
    assert.deepStrictEqual(lines.server, [kept ? 'path true ["s0"]' : 'path false []']);
  },
};

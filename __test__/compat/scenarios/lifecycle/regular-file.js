// A regular file in the server's place. Old: deleted. New: an error, and the file stays.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');

module.exports = {
  name: 'a regular file is not unlinked',
  rules: ['F9'],
  transports: ['unix'],
  compare: false,
  roles: {
    async server(t) {
      fs.writeFileSync(t.endpoint().path, 'precious');
      const server = t.serve(() => t.log('start'));
      server.on('error', (error) => t.log('error', error.code));
      server.start();
      await (t.isNew ? t.logged('error') : t.logged('start'));
      t.log('file', fs.statSync(t.endpoint().path).isFile());
    },
  },
  check({ lines, impls }) {
    assert.deepStrictEqual(
      lines.server,
      impls.server === 'new' ? ['error "EADDRINUSE"', 'file true'] : ['start', 'file false'],
    );
  },
};

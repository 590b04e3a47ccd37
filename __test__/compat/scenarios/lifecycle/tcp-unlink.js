// A file in the working directory that is named like the host of a TCP server.
// Old: deleted by start(). New: a TCP server has no path.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');

module.exports = {
  name: 'a TCP server unlinks nothing',
  rules: ['F9'],
  transports: ['tcp'],
  compare: false,
  roles: {
    async server(t) {
      process.chdir(t.dir);
      fs.writeFileSync(t.endpoint().host, 'precious');
      await new Promise((resolve) => t.serve(resolve).start());
      t.log('files', fs.readdirSync(t.dir));
    },
  },
  check({ lines, impls }) {
    assert.deepStrictEqual(lines.server, [
      impls.server === 'new' ? 'files ["127.0.0.1"]' : 'files []',
    ]);
  },
};

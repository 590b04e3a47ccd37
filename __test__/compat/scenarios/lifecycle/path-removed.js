// The socket file of a stopped server goes with it.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');

module.exports = {
  name: 'a stopped server removes its socket file',
  rules: ['F9', 'K26'],
  transports: ['unix'],
  roles: {
    async server(t) {
      const { path } = t.endpoint();
      await new Promise((resolve) => t.serve(resolve).start());
      const { server } = t.ipc;
      t.log('started', fs.existsSync(path));
      const closed = t.next(server.server, 'close');
      server.stop();
      await closed;
      t.log('stopped', fs.existsSync(path), fs.readdirSync(t.dir));
      // and the same server starts again
      const started = t.next(server, 'start');
      server.start();
      await started;
      t.log('started again', fs.existsSync(path), server.server.listening);
    },
  },
  check({ lines }) {
    assert.deepStrictEqual(lines.server, [
      'started true',
      'stopped false []',
      'started again true true',
    ]);
  },
};

// A start that fails: an `error` event, silence without a listener, no `start`.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'a start that fails',
  rules: ['F10', 'K8', 'K23'],
  roles: {
    async peer(t) {
      await t.rawServe(() => {});
      t.signal('taken');
      t.log('taken');
      await t.wait('over');
    },
    async server(t) {
      await t.wait('taken');
      // a path that exists is left alone, so that it is in the way
      t.ipc.config.unlink = false;
      const deaf = t.serve(() => t.log('start'));
      deaf.start();
      const server = t.serve(() => t.log('start'));
      server.on('error', (error) => t.log('error', error, error instanceof Error));
      server.start();
      await t.logged('error');
      t.log('state', server.server.listening, server.sockets.length);
      t.signal('over');
    },
  },
  check({ lines }) {
    assert.match(
      lines.server[0],
      /^error Error: listen EADDRINUSE: .*"code": "EADDRINUSE".* true$/,
    );
    assert.deepStrictEqual(lines.server.slice(1), ['state false 0']);
  },
};

// A frame that is not JSON is an 'error' event on either side, and the connection goes on.
'use strict';

const assert = require('node:assert');

const FRAMES = ['garbage', '', '{"type":', "{'type':'a'}", '{"type":"good","data":1}'];
const BYTES = FRAMES.map((frame) => `${frame}\f`).join('');

function listen(t, emitter) {
  emitter.on('error', (...args) => {
    t.log('error', ...args);
    t.log('kind', args[0] instanceof Error, args[0].err instanceof SyntaxError);
  });
  emitter.on('good', (data) => t.log('good', data));
  return t.logged('good');
}

module.exports = {
  name: 'frames that are not JSON',
  rules: ['K8', 'F4'],
  endpoints: 2,
  roles: {
    async server(t) {
      const server = t.serve(() => t.signal('server up'));
      server.start();
      await listen(t, server);
    },
    async peer(t) {
      await t.wait('server up');
      t.rawConnect().write(BYTES);
      await t.rawServe((socket) => socket.write(BYTES), 1);
      t.signal('peer up');
    },
    async client(t) {
      await t.wait('peer up');
      await listen(
        t,
        t.connect('peer', () => {}, { at: 1 }),
      );
    },
  },
  check({ lines }) {
    for (const side of [lines.server, lines.client]) {
      assert.strictEqual(side.length, 9);
      assert.match(side[0], /"message": "Invalid JSON response format", "err": SyntaxError: /);
      assert.match(side[0], /"response": "garbage"\}/);
      assert.strictEqual(side[1], 'kind false true');
      assert.strictEqual(side[8], 'good 1');
    }
  },
};

// Frames that are JSON but no message.
// Old: 9.x publishes odd event names, 10.x dies of the first one. New: an 'error' event each, and
// both the connection and the process go on.
'use strict';

const assert = require('node:assert');

const FRAMES = ['{}', '[]', '5', '"text"', 'true', '{"type":5}', '{"type":null,"data":1}', 'null'];
const BYTES = [...FRAMES, '{"type":"good","data":1}'].map((frame) => `${frame}\f`).join('');

function listen(t, emitter) {
  emitter.on('error', (error) => {
    t.log('error', error instanceof Error, error.code, error.response);
  });
  emitter.on('undefined', (data) => t.log('undefined', data));
  emitter.on('good', (data) => t.log('good', data));
  return t.logged('good');
}

module.exports = {
  name: 'frames that are JSON but no message',
  rules: ['F4'],
  compare: false,
  endpoints: 2,
  mayExit: ['server', 'client'],
  pairings: ['9-9', '10-10', 'new-new'],
  roles: {
    async server(t) {
      const server = t.serve(() => t.signal('server up'));
      server.start();
      await listen(t, server);
    },
    async peer(t) {
      await t.wait('server up');
      t.rawConnect()
        .on('error', () => {})
        .write(BYTES);
      const answer = (socket) => socket.on('error', () => {}).write(BYTES);
      await t.rawServe(answer, 1);
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
  check({ lines, pairing }) {
    for (const side of [lines.server, lines.client]) {
      if (pairing === '10-10') {
        assert.strictEqual(side.length, 1);
        assert.match(side[0], /^CRASH /);
      } else if (pairing === '9-9') {
        assert.strictEqual(side.filter((line) => line.startsWith('undefined')).length, 5);
        assert.strictEqual(side.at(-1), 'good 1');
      } else {
        assert.deepStrictEqual(side, [
          ...FRAMES.map(
            (text) => `error true "ERR_FERRIPC_INVALID_MESSAGE" ${JSON.stringify(text)}`,
          ),
          'good 1',
        ]);
      }
    }
  },
};

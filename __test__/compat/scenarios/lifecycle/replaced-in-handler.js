// A client that cannot connect is replaced by its own handlers: '*' handlers of the first one hear it to the end.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'a client replaced in its own handler',
  rules: ['K16', 'K10', 'K12'],
  // '*' of 9.x fails for events without arguments
  pairings: ['10-10', 'new-new'],
  roles: {
    async server(t) {
      await t.wait('over');
    },
    async client(t) {
      for (const when of ['error', 'disconnect', 'destroy']) {
        t.ipc.config.maxRetries = 0;
        const id = `world-${when}`;
        const first = t.connect(id);
        const replaced = new Promise((resolve) => {
          first.on('*', (type) => {
            t.log(when, 'first', type);
            if (type !== when) return;
            const second = t.connect(id);
            t.log(when, 'replaced', t.ipc.of[id] === second && second !== first);
            resolve(t.next(second, 'destroy'));
          });
        });
        first.on('*', (type) => t.log(when, 'also', type));
        await replaced;
      }
      t.signal('over');
    },
  },
  check({ lines }) {
    const types = ['error', 'disconnect', 'destroy'];
    const expected = types.flatMap((when) =>
      types.flatMap((type) => [
        `${when} "first" "${type}"`,
        ...(type === when ? [`${when} "replaced" true`] : []),
        `${when} "also" "${type}"`,
      ]),
    );
    assert.deepStrictEqual(lines.client, expected);
  },
};

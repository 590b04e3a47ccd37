// How often a client tries: the events of every maxRetries, with the count that each one sees.
'use strict';

const assert = require('node:assert');

const VALUES = [0, 1, 2, '1', -1, undefined, null, false, NaN];

module.exports = {
  name: 'maxRetries',
  rules: ['K10', 'K11'],
  roles: {
    async client(t) {
      for (const maxRetries of VALUES) {
        const label = typeof maxRetries === 'string' ? `'${maxRetries}'` : String(maxRetries);
        const ipc = t.create({ maxRetries });
        const client = t.connect('nobody', () => {}, { ipc });
        for (const event of ['connect', 'error', 'disconnect', 'destroy']) {
          client.on(event, (error) => {
            t.log(`${label} ${event}`, client.retriesRemaining, error && error.code);
          });
        }
        await t.logged(`${label} destroy`);
        t.log(
          'gone',
          client.socket.destroyed,
          client.explicitlyDisconnected,
          ipc.of.nobody === client,
        );
      }
      // nothing goes on behind the back of the last ones
      await t.quiet();
    },
  },
  check({ lines, transport }) {
    const code = transport === 'unix' ? 'ENOENT' : 'ECONNREFUSED';
    const attempt = (label, left) => [
      `${label} error ${left} "${code}"`,
      `${label} disconnect ${left} undefined`,
    ];
    const destroy = (label, left) => [`${label} destroy ${left} undefined`, 'gone true false true'];
    assert.deepStrictEqual(lines.client, [
      ...[...attempt('0', 0), ...destroy('0', 0)],
      ...[...attempt('1', 1), ...attempt('1', 0), ...destroy('1', 0)],
      ...[...attempt('2', 2), ...attempt('2', 1), ...attempt('2', 0), ...destroy('2', 0)],
      ...[...attempt("'1'", '"1"'), ...attempt("'1'", 0), ...destroy("'1'", 0)],
      ...[...attempt('-1', -1), ...destroy('-1', -1)],
      ...['undefined', 'null', 'false', 'NaN'].flatMap((label) => [
        ...attempt(label, 0),
        ...destroy(label, 0),
      ]),
    ]);
  },
};

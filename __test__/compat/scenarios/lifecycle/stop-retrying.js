// stopRetrying is read at each close, so a handler can switch it; any truthy value stops.
'use strict';

const assert = require('node:assert');

const SWITCHES = [
  ['error', true],
  ['disconnect', true],
  ['error', 3],
  ['error', 'yes'],
];

function watchAll(t, label, client) {
  for (const event of ['connect', 'error', 'disconnect', 'destroy']) {
    client.on(event, () => t.log(`${label} ${event}`));
  }
}

module.exports = {
  name: 'stopRetrying',
  rules: ['K6', 'K10', 'K11'],
  roles: {
    async client(t) {
      // switched on in the third attempt's handler; unlimited retries otherwise
      for (const [event, value] of SWITCHES) {
        const label = `${event} ${value}`;
        const ipc = t.create({ maxRetries: Infinity, stopRetrying: false });
        const client = t.connect('nobody', () => {}, { ipc });
        watchAll(t, label, client);
        let failures = 0;
        client.on(event, () => {
          failures += 1;
          if (failures === 3) ipc.config.stopRetrying = value;
        });
        await t.logged(`${label} destroy`);
        t.log('left', client.retriesRemaining);
      }
      // on from the start: one attempt
      for (const value of [true, 1, 0, false]) {
        const label = `from the start ${value}`;
        const ipc = t.create({ maxRetries: 1, stopRetrying: value });
        watchAll(
          t,
          label,
          t.connect('nobody', () => {}, { ipc }),
        );
        await t.logged(`${label} destroy`);
      }
      await t.quiet();
    },
  },
  check({ lines }) {
    const count = (line) => lines.client.filter((one) => one === line).length;
    assert.strictEqual(count('error true error'), 3);
    // decided before `disconnect` is published, so one more attempt follows
    assert.strictEqual(count('disconnect true disconnect'), 4);
    assert.strictEqual(count('error 3 error'), 3);
    assert.strictEqual(count('error yes error'), 3);
    assert.strictEqual(count('from the start true error'), 1);
    assert.strictEqual(count('from the start 1 error'), 1);
    assert.strictEqual(count('from the start 0 error'), 2);
    assert.strictEqual(count('from the start false error'), 2);
  },
};

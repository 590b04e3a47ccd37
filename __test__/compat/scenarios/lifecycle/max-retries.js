// How often a client tries: maxRetries 0, 1, 2 and "for ever", event by event.
'use strict';

const assert = require('node:assert');

const ATTEMPT = ['error', 'disconnect'];

async function attempts(t, label, maxRetries, config = {}) {
  const ipc = t.create({ maxRetries, ...config });
  const client = t.connect('nobody', () => {}, { ipc });
  for (const event of ['connect', 'error', 'disconnect', 'destroy']) {
    client.on(event, (error) => t.log(`${label}.${event}`, client.retriesRemaining, error));
  }
  return client;
}

module.exports = {
  name: 'maxRetries',
  rules: ['K10', 'K11'],
  roles: {
    async client(t) {
      for (const maxRetries of [0, 1, 2, undefined, false, '1', -1, NaN]) {
        const label = String(maxRetries) + typeof maxRetries;
        const client = await attempts(t, label, maxRetries);
        if (maxRetries === undefined || Number.isNaN(maxRetries)) {
          // neither "no retry" nor a number: `undefined < 1` is false, so only the user can end it
          await t.logged(`${label}.disconnect`, 3);
          client.config.stopRetrying = true;
        }
        await t.logged(`${label}.destroy`);
        t.log('gone', client.socket.destroyed);
      }
      await t.quiet();
    },
  },
  check({ lines }) {
    const events = (label) =>
      lines.client
        .filter((line) => line.startsWith(`${label}.`))
        .map((line) => line.split(' ')[0].split('.')[1]);
    assert.deepStrictEqual(events('0number'), [...ATTEMPT, 'destroy']);
    assert.deepStrictEqual(events('1number'), [...ATTEMPT, ...ATTEMPT, 'destroy']);
    assert.deepStrictEqual(events('2number'), [...ATTEMPT, ...ATTEMPT, ...ATTEMPT, 'destroy']);
  },
};

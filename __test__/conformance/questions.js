'use strict';
// What two sides of a conversation exchange in peers.js and fixtures/peer.js: a server that echoes, and
// a client that compares.

const assert = require('node:assert/strict');

const all = [
  ...Array.from({ length: 200 }, (_, n) => n),
  { text: 'é€😀\f\0\n', list: [null, true, 1.5], nested: { a: {} } },
  'é€😀'.repeat(50_000),
  'x'.repeat(2 << 20),
];

/** Asks an echoing server everything, in one go; rejects if an answer differs. */
async function ask(client) {
  const answers = new Promise((resolve) => {
    const received = [];
    client.on('echo', (data) => {
      received.push(data);
      if (received.length === all.length) resolve(received);
    });
  });
  for (const question of all) client.emit('echo', question);
  assert.deepEqual(await answers, all);
}

module.exports = { ask };

// Three clients with three delimiters in one process, each against a server that uses the same one.
// Old: the last client or server made decides for all of its process, and '\r\n' never matches.
// New: each endpoint has its own.
'use strict';

const assert = require('node:assert');

const DELIMITERS = ['\f', '\n', '\r\n'];

// A plain echo per delimiter, so that only one side is under test.
async function echoServers(t) {
  for (const [index, delimiter] of DELIMITERS.entries()) {
    await t.rawServe((socket) => {
      let text = '';
      socket.on('error', () => {});
      socket.on('data', (chunk) => {
        text += chunk;
        t.log(`bytes ${JSON.stringify(delimiter)}`, String(chunk));
        if (text.endsWith(delimiter)) socket.write(text);
      });
    }, index);
  }
  t.signal('listening');
}

module.exports = {
  name: 'different delimiters in one process',
  rules: ['F3'],
  endpoints: 3,
  compare: false,
  roles: {
    async peer(t) {
      await echoServers(t);
      await t.wait('over');
    },
    async client(t) {
      await t.wait('listening');
      DELIMITERS.forEach((delimiter, at) => {
        const client = t.connect('peer', () => {}, { ipc: t.create({ delimiter }), at });
        client.on('hello', (data) => t.log(`echo ${JSON.stringify(delimiter)}`, data));
        client.emit('hello', at);
      });
      if (t.isNew) {
        await Promise.all(DELIMITERS.map((one) => t.logged(`echo ${JSON.stringify(one)}`)));
      } else {
        await t.quiet();
      }
      t.signal('over');
    },
  },
  check({ lines, impls }) {
    const sent = [...lines.peer].sort();
    if (impls.client === 'new') {
      assert.deepStrictEqual(sent, [
        'bytes "\\f" "{\\"type\\":\\"hello\\",\\"data\\":0}\\f"',
        'bytes "\\n" "{\\"type\\":\\"hello\\",\\"data\\":1}\\n"',
        'bytes "\\r\\n" "{\\"type\\":\\"hello\\",\\"data\\":2}\\r\\n"',
      ]);
      assert.deepStrictEqual([...lines.client].sort(), [
        'echo "\\f" 0',
        'echo "\\n" 1',
        'echo "\\r\\n" 2',
      ]);
      return;
    }
    // Each client is made and written to before the next, so the bytes are right; but the answers
    // are read with the delimiter of the last one made, a two-character one that never matches.
    assert.strictEqual(sent.length, 3);
    assert.deepStrictEqual(lines.client, []);
  },
};

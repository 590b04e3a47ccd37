// 10,000 messages in one go, each way: none lost, none twice, in order.
'use strict';

const assert = require('node:assert');

const COUNT = 10_000;

function payload(i) {
  return { i, text: 'x'.repeat(i % 97), emoji: '\u{1f600}'.repeat(i % 3) };
}

function collector(t, done) {
  let text = '';
  let count = 0;
  let ordered = true;
  return (data) => {
    ordered = ordered && data.i === count;
    count += 1;
    text += JSON.stringify(data);
    if (count !== COUNT) return;
    t.log('burst', count, ordered, t.digest(text));
    done();
  };
}

module.exports = {
  name: 'burst of 10,000 messages each way',
  rules: ['K1', 'F2'],
  wire: true,
  roles: {
    async server(t) {
      const server = t.serve(() => t.signal('listening'));
      let socket;
      server.on('connect', (one) => (socket = one));
      server.on(
        'item',
        collector(t, () => {
          for (let i = 0; i < COUNT; i++) server.emit(socket, 'item', payload(i));
        }),
      );
      server.start();
      await t.wait('answered');
    },
    async client(t) {
      await t.wait('listening');
      const client = t.connect('world');
      client.on(
        'item',
        collector(t, () => t.signal('answered')),
      );
      for (let i = 0; i < COUNT; i++) client.emit('item', payload(i));
      await t.wait('answered');
    },
  },
  check({ lines }) {
    assert.match(lines.server[0], /^burst 10000 true /);
    assert.deepStrictEqual(lines.client, lines.server);
  },
};

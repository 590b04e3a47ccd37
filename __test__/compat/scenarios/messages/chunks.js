// Frames cut and joined by the transport: several in one chunk, one in several, a cut inside a
// UTF-8 character. Every chunk row here ends on a delimiter, so that old ones deliver as well.
'use strict';

const assert = require('node:assert');

const frame = (type, data) => Buffer.from(`${JSON.stringify({ type, data })}\f`);
const wide = frame('wide', 'é\u{1f600}');

// cut between the bytes of every character
const CHUNKS = [
  [Buffer.concat([frame('a', 1), frame('b', 2), frame('c', 3)])],
  [wide.subarray(0, 24), wide.subarray(24, 26), wide.subarray(26, 28), wide.subarray(28)],
  [...frame('slow', { x: 1 })].map((byte) => Buffer.from([byte])),
  // spaces and key order are the sender's affair
  [Buffer.from('{ "data" : [1] ,\n "type" : "loose", "more": true }\f{"type":"nodata"}\f')],
];

async function writeAll(socket, signalled) {
  socket.setNoDelay(true);
  for (const [index, chunks] of CHUNKS.entries()) {
    for (const chunk of chunks) {
      await new Promise((resolve) => socket.write(chunk, resolve));
      await new Promise(setImmediate);
    }
    await signalled(index);
  }
}

function listen(t, emitter, row) {
  const last = ['c', 'wide', 'slow', 'nodata'];
  for (const type of ['a', 'b', 'c', 'wide', 'slow', 'loose', 'nodata']) {
    emitter.on(type, (data) => {
      t.log(type, data);
      if (last.includes(type)) t.signal(`${row} ${last.indexOf(type)}`);
    });
  }
}

module.exports = {
  name: 'frames cut and joined at will',
  rules: ['K1'],
  endpoints: 2,
  roles: {
    async server(t) {
      const server = t.serve(() => t.signal('server up'));
      listen(t, server, 'server');
      server.start();
      await t.logged('nodata');
    },
    async peer(t) {
      await t.wait('server up');
      await writeAll(t.rawConnect(), (index) => t.wait(`server ${index}`));
      const socket = await new Promise((resolve) => {
        t.rawServe(resolve, 1).then(() => t.signal('peer up'));
      });
      await writeAll(socket, (index) => t.wait(`client ${index}`));
    },
    async client(t) {
      await t.wait('peer up');
      listen(
        t,
        t.connect('peer', () => {}, { at: 1 }),
        'client',
      );
      await t.logged('nodata');
    },
  },
  check({ lines }) {
    const expected = [
      ...['a 1', 'b 2', 'c 3', 'wide "é\u{1f600}"', 'slow {"x": 1}'],
      ...['loose [1]', 'nodata undefined'],
    ];
    assert.deepStrictEqual(lines.server, expected);
    assert.deepStrictEqual(lines.client, expected);
  },
};

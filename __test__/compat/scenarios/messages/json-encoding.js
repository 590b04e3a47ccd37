// JSON messages while `encoding` is not utf8.
// Old: the receiver decodes UTF-8 bytes as that encoding. New: JSON is always UTF-8.
'use strict';

const assert = require('node:assert');

const ENCODINGS = ['latin1', 'hex', 'utf16le'];

module.exports = {
  name: 'JSON with an encoding that is not utf8',
  rules: ['F13'],
  endpoints: ENCODINGS.length,
  compare: false,
  roles: {
    async server(t) {
      let listening = 0;
      ENCODINGS.forEach((encoding, at) => {
        const ipc = t.create({ encoding });
        const ready = () => ++listening === ENCODINGS.length && t.signal('listening');
        const server = t.serve(ready, { ipc, at });
        server.on('text', (data) => t.log(encoding, data));
        server.start();
      });
      if (t.isNew) await Promise.all(ENCODINGS.map((encoding) => t.logged(encoding)));
      else await t.logged('latin1').then(() => t.quiet());
      t.signal('over');
    },
    async client(t) {
      await t.wait('listening');
      ENCODINGS.forEach((encoding, at) => {
        const ipc = t.create({ encoding });
        t.connect('world', () => ipc.of.world.emit('text', 'é'), { ipc, at });
      });
      await t.wait('over');
    },
  },
  check({ lines, impls }) {
    assert.deepStrictEqual(
      [...lines.server].sort(),
      impls.server === 'new' ? ['hex "é"', 'latin1 "é"', 'utf16le "é"'] : ['latin1 "Ã©"'],
    );
  },
};

// Raw mode with bytes that are not text.
// Old: decoded and encoded again, so utf8 and ascii mangle them and base64 keeps a remainder back.
// New: the bytes of the read.
'use strict';

const assert = require('node:assert');

const BYTES = [0x00, 0x80, 0xff, 0xfe, 0x41];
const ENCODINGS = ['utf8', 'ascii', 'base64', 'utf16le'];

module.exports = {
  name: 'raw mode keeps binary intact',
  rules: ['F13', 'K14'],
  endpoints: ENCODINGS.length,
  compare: false,
  roles: {
    async server(t) {
      let listening = 0;
      ENCODINGS.forEach((encoding, at) => {
        const ipc = t.create({ rawBuffer: true, encoding });
        const ready = () => ++listening === ENCODINGS.length && t.signal('listening');
        const server = t.serve(ready, { ipc, at });
        server.on('data', (data) => t.log(encoding, data));
        server.start();
      });
      await Promise.all(ENCODINGS.map((encoding) => t.logged(encoding)));
      t.signal('over');
    },
    async client(t) {
      await t.wait('listening');
      ENCODINGS.forEach((encoding, at) => {
        const ipc = t.create({ rawBuffer: true, encoding });
        t.connect('world', () => ipc.of.world.emit(Buffer.from(BYTES)), { ipc, at });
      });
      await t.wait('over');
    },
  },
  check({ lines, impls }) {
    const intact = Buffer.from(BYTES).toString('hex');
    const got = Object.fromEntries(lines.server.map((line) => line.split(' ')));
    const expected =
      impls.server === 'new'
        ? { utf8: intact, ascii: intact, base64: intact, utf16le: intact }
        : {
            utf8: '00efbfbdefbfbdefbfbd41',
            ascii: '00007f7e41',
            base64: '0080ff',
            utf16le: '0080fffe',
          };
    assert.deepStrictEqual(
      got,
      Object.fromEntries(Object.entries(expected).map(([key, hex]) => [key, `Buffer(${hex})`])),
    );
  },
};

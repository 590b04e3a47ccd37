// Raw mode: emit's first argument goes out as bytes, 'data' events carry what one read brought.
// Payloads here survive their encoding in the old packages as well; see raw-binary.js for the rest.
'use strict';

const assert = require('node:assert');

const TEXT = Buffer.from('twelve bytes');
const BYTES = Buffer.from(Array.from({ length: 256 }, (_, i) => i));

// per encoding: a string in that encoding, then buffers and byte arrays
const PAYLOADS = {
  utf8: ['grüße \u{1f600}', TEXT, [104, 105]],
  ascii: ['plain', TEXT, [104, 105]],
  utf16le: ['wide €', TEXT],
  ucs2: ['wide €', TEXT],
  base64: ['AAECgP/+', TEXT, [0, 128, 255]],
  hex: ['00ff10', TEXT, BYTES, [0, 128, 255]],
  latin1: ['café', TEXT, BYTES, [0, 128, 255]],
  binary: ['café', BYTES],
};
const ENCODINGS = Object.keys(PAYLOADS);

module.exports = {
  name: 'raw mode in every encoding',
  rules: ['K14', 'K6'],
  endpoints: ENCODINGS.length,
  roles: {
    async server(t) {
      let listening = 0;
      ENCODINGS.forEach((encoding, at) => {
        const ipc = t.create({ rawBuffer: true, encoding });
        const ready = () => ++listening === ENCODINGS.length && t.signal('listening');
        const server = t.serve(ready, { ipc, at });
        server.on('data', (data, socket) => {
          t.log(`data ${encoding}`, data, socket, Buffer.isBuffer(data));
          server.emit(socket, data);
        });
        server.start();
      });
      await t.wait('over');
    },
    async client(t) {
      await t.wait('listening');
      for (const [at, encoding] of ENCODINGS.entries()) {
        const ipc = t.create({ rawBuffer: true, encoding });
        const client = t.connect('world', () => {}, { ipc, at });
        let echoes = 0;
        client.on('data', (...args) => {
          echoes += 1;
          t.log(`echo ${encoding}`, ...args);
        });
        // one at a time: two writes may come as one read
        for (const [index, payload] of PAYLOADS[encoding].entries()) {
          client.emit(payload, 'this is ignored');
          await t.logged(`echo ${encoding}`, index + 1);
        }
        t.log('echoes', echoes);
      }
      t.signal('over');
    },
  },
  check({ lines }) {
    const hex = (value, encoding) => Buffer.from(value, encoding).toString('hex');
    for (const encoding of ENCODINGS) {
      for (const payload of PAYLOADS[encoding]) {
        const bytes = hex(payload, encoding);
        if (bytes.length > 512) continue;
        assert.ok(
          lines.client.includes(`echo ${encoding} Buffer(${bytes})`),
          `${encoding} ${bytes}`,
        );
        assert.ok(lines.server.includes(`data ${encoding} Buffer(${bytes}) [Socket] true`));
      }
    }
  },
};

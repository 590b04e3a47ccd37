// Every kind of payload in both directions: what arrives, and the bytes that carried it.
'use strict';

const assert = require('node:assert');

class Point {
  constructor() {
    this.x = 1;
  }
  toJSON() {
    return { point: this.x };
  }
}

function payloads() {
  const shared = { deep: { deeper: [{ deepest: null }] } };
  return {
    'empty string': '',
    null: null,
    'not defined': undefined,
    'not a number': NaN,
    false: false,
    true: true,
    zero: 0,
    'minus zero': -0,
    float: 0.1,
    'big number': 1e21,
    'nested number kinds': [-0, NaN, Infinity, 1e21, 5e-324],
    maxListeners: { _maxListeners: 10, lost: true },
    'falsy maxListeners': { _maxListeners: 0, kept: true },
    unicode: 'grüße 世界 \u{1f600}\u{1f468}\u200d\u{1f469}',
    'lone surrogates': 'a\ud800b\udc00c',
    'line separators': '\u2028\u2029\u0085',
    'control characters': '\u0000\u0001\b\t\n\v\f\r\u001f"\\/',
    delimiter: 'one\ftwo',
    'big string': 'é\u{1f680}x'.repeat(256 * 1024),
    nested: { a: shared, b: [shared, shared], '': 1, 'key with "quotes"': 2 },
    date: new Date(Date.UTC(2020, 1, 2, 3, 4, 5, 6)),
    'invalid date': { when: new Date(NaN) },
    array: [1, 'two', undefined, () => 3, null],
    'empty array': [],
    'empty object': {},
    toJSON: new Point(),
    'toJSON to undefined': { toJSON: () => undefined },
    function: () => 'lost',
    'function inside': { f() {}, u: undefined, s: Symbol('s'), kept: 1 },
    symbol: Symbol('s'),
    map: new Map([[1, 2]]),
    buffer: Buffer.from('bytes'),
    'typed array': new Uint8Array([1, 2]),
    regexp: /x/g,
    error: new Error('lost'),
    'boxed string': new String('boxed'),
    proto: JSON.parse('{"__proto__":{"polluted":true},"constructor":1}'),
    'integer-like keys': { 2: 'b', 1: 'a', z: 'c' },
  };
}

module.exports = {
  name: 'every payload kind',
  rules: ['K1', 'K7'],
  wire: true,
  roles: {
    async server(t) {
      const server = t.serve(() => t.signal('listening'));
      server.on('missing', (data) => t.log('missing', data));
      server.on('given', (data, socket) => {
        t.log('given', data);
        if (data !== 'last') return;
        server.emit(socket, 'missing');
        for (const payload of Object.values(payloads())) server.emit(socket, 'given', payload);
        server.emit(socket, 'given', 'last');
      });
      server.start();
      await t.wait('answered');
    },
    async client(t) {
      await t.wait('listening');
      const client = t.connect('world');
      const names = ['missing', ...Object.keys(payloads()), 'last'];
      const show = (...args) => t.log(`got ${names.shift()}`, ...args);
      client.on('missing', show);
      client.on('given', show);
      client.on('connect', () => {
        client.emit('missing');
        for (const payload of Object.values(payloads())) client.emit('given', payload);
        client.emit('given', 'last');
      });
      await t.logged('got last');
      t.signal('answered');
    },
  },
  check({ lines }) {
    const got = Object.fromEntries(
      lines.client.map((line) => /^got (.*?) ([{[D"\w-].*)$/.exec(line)?.slice(1) || [line, '']),
    );
    assert.strictEqual(lines.client.length, Object.keys(payloads()).length + 2);
    assert.strictEqual(lines.server.length, Object.keys(payloads()).length + 2);
    for (const line of [
      'got empty string {}',
      'got null {}',
      'got not defined {}',
      'got not a number {}',
      'got false false',
      'got zero 0',
      'got minus zero 0',
      'got missing {}',
      'got maxListeners {}',
      'got falsy maxListeners {"_maxListeners": 0, "kept": true}',
      'got big number 1e+21',
      'got delimiter "one\\ftwo"',
    ]) {
      assert.ok(lines.client.includes(line), `${line} in ${JSON.stringify(got)}`);
    }
  },
};

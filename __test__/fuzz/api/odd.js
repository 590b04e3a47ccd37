'use strict';
// What no function expects, for the API fuzz.

const { Thrown } = require('./stage');

/** Whatever is done with it throws. */
function thrower() {
  const throws = () => {
    throw new Thrown('a trap');
  };
  return new Proxy(() => {}, new Proxy({}, { get: () => throws }));
}

function revoked() {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** A view whose memory has gone elsewhere. */
function detached() {
  const view = Buffer.from(new ArrayBuffer(16));
  structuredClone(view.buffer, { transfer: [view.buffer] });
  return view;
}

/** Views of memory that is shared, or was longer. */
const shared = () => new Uint8Array(new SharedArrayBuffer(300_000));
function shrunk() {
  const buffer = new ArrayBuffer(300_000, { maxByteLength: 300_000 });
  const view = new Uint8Array(buffer, 8, 8);
  buffer.resize?.(4);
  return view;
}

const getters = (...names) =>
  Object.defineProperties(
    {},
    Object.fromEntries(
      names.map((name) => [
        name,
        {
          enumerable: true,
          get() {
            throw new Thrown(`getter of ${name}`);
          },
        },
      ]),
    ),
  );

const ODD = [
  ...[undefined, null, 0, -1, 1.5, NaN, Infinity, '', 'x', true, false, Symbol('odd'), 5n],
  ...[{}, [], () => {}, new Date(NaN), Buffer.alloc(0), Buffer.alloc(3), Object.create(null)],
  ...[-0, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 53), 1e300, 2n ** 80n, '\0', '\ud800', 'constructor'],
  ...[thrower(), revoked(), detached(), shared(), shrunk(), Object.freeze([]), Object.freeze({})],
  ...[new Map([[{}, 1]]), new Set(), { length: 3 }, new Array(3), Promise.resolve(1)],
  getters('timeout', 'signal', 'path', 'address', 'port', 'except', 'where', 'disconnect'),
  getters('id', 'type', 'data', 'toJSON', 'code', 'length', 'fd', 'Symbol(Symbol.iterator)'),
  { toString: () => ({}), valueOf: () => ({}) },
];

module.exports = { ODD };

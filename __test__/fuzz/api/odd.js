'use strict';
// What no function expects, for the API fuzz.

const ODD = [
  ...[undefined, null, 0, -1, 1.5, NaN, Infinity, '', 'x', true, false, Symbol('odd'), 5n],
  ...[{}, [], () => {}, new Date(NaN), Buffer.alloc(0), Buffer.alloc(3), Object.create(null)],
];

module.exports = { ODD };

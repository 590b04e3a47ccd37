// One function registered with `once` for one type and `on` for another.
// Old: the flag is the function's, so 9.x makes both once and 10.x neither. New: per registration.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'once is per registration',
  rules: ['F17', 'K12'],
  transports: ['unix'],
  compare: false,
  roles: {
    async server(t) {
      const bus = t.serve();
      const handler = (type) => t.log(type);
      bus.once('once', handler);
      bus.on('on', handler);
      for (const type of ['once', 'once', 'on', 'on']) bus.publish(type, type);
    },
  },
  check({ lines, impls }) {
    const expected = {
      9: ['once', 'on'],
      10: ['once', 'once', 'on', 'on'],
      new: ['once', 'on', 'on'],
    };
    assert.deepStrictEqual(lines.server, expected[impls.server]);
  },
};

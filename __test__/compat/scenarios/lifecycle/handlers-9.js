// What only 9.x offers on the event bus: aliases, and handlers that run with `this`.
'use strict';

const assert = require('node:assert');

module.exports = {
  name: 'aliases and `this` of 9.x',
  rules: ['K12'],
  transports: ['unix'],
  pairings: ['9-9', 'new-new'],
  roles: {
    async server(t) {
      t.ipc.config.maxRetries = 0;
      for (const bus of [t.serve(), t.connect('world')]) {
        const handler = function (...args) {
          t.log('handler', this === bus, ...args);
        };
        t.log('chain', bus.subscribe('a', handler) === bus);
        bus.trigger('a', 1);
        bus.publish('a', 2);
        t.log('chain', bus.unSubscribe('a', handler) === bus);
        bus.trigger('a', 3);
        bus.once('a', handler);
        bus.trigger('a', 4);
        bus.trigger('a', 5);
      }
    },
  },
  check({ lines }) {
    const each = ['chain true', 'handler true 1', 'handler true 2', 'chain true', 'handler true 4'];
    assert.deepStrictEqual(lines.server, [...each, ...each]);
  },
};

// What only 10.x offers on the event bus: reset, list, defaults of off, TypeErrors, and lists of handlers that are
// dropped while an event is published.
'use strict';

const assert = require('node:assert');

function failure(work) {
  try {
    work();
    return 'none';
  } catch (error) {
    return `${error.name} ${error instanceof TypeError}`;
  }
}

/** The list that is being published is heard to its end; that of the type, which comes after '*', is gone. */
function dropWhilePublished(t, bus) {
  const drops = { reset: () => bus.reset(), off: () => bus.off('a').off('*') };
  for (const [name, drop] of Object.entries(drops)) {
    bus.on('*', drop).on('*', (type) => t.log(name, '*', type));
    bus.on('a', () => t.log(name, 'a'));
    bus.publish('a');
    bus.on('a', drop).on('a', () => t.log(name, 'a'));
    bus.publish('a');
  }
}

module.exports = {
  name: 'reset, list and TypeErrors of 10.x',
  rules: ['K12'],
  transports: ['unix'],
  pairings: ['10-10', 'new-new'],
  roles: {
    async server(t) {
      t.ipc.config.maxRetries = 0;
      for (const bus of [t.serve(), t.connect('world')]) {
        t.log(
          'no handler',
          failure(() => bus.on('a')),
        );
        t.log(
          'no function',
          failure(() => bus.on('a', 'text')),
        );
        t.log(
          'no type',
          failure(() => bus.on(5, () => {})),
        );
        t.log(
          'no once type',
          failure(() => bus.once(undefined, () => {})),
        );
        t.log(
          'no off type',
          failure(() => bus.off(5)),
        );
        t.log(
          'no off function',
          failure(() => bus.on('a', () => {}).off('a', 5)),
        );
        bus.off('a');
        bus.on('a', () => t.log('a'));
        bus.on('*', (type) => t.log('*', type));
        t.log('list', Object.keys(bus.list).includes('a'), bus.list.a.length);
        bus.publish('a');
        bus.off();
        bus.publish('a');
        t.log('reset', bus.reset() === bus, Object.keys(bus.list));
        bus.publish('a');
        dropWhilePublished(t, bus);
      }
    },
  },
  check({ lines }) {
    assert.strictEqual(lines.server.length, 30);
    for (const line of lines.server.slice(0, 6)) assert.match(line, /"TypeError true"$/);
    // off() without arguments takes the '*' handlers only
    const rest = ['list true 1', '* "a"', 'a', 'a', 'reset true []'];
    const dropped = ['reset "*" "a"', 'reset "a"', 'off "*" "a"', 'off "a"'];
    assert.deepStrictEqual(lines.server.slice(6, 15), [...rest, ...dropped]);
    assert.deepStrictEqual(lines.server.slice(21), [...rest, ...dropped]);
  },
};

// on, once, off and publish on the event bus of a server and of a client, without a connection.
'use strict';

const assert = require('node:assert');

function exercise(t, name, bus) {
  const say = (label) => {
    const handler = (...args) => t.log(`${name} ${label}`, ...args);
    return handler;
  };
  const twice = say('twice');
  const gone = say('gone');
  t.log('chain', bus.on('a', twice) === bus, bus.on('a', twice) === bus);
  t.log('chain', bus.once('a', say('once')) === bus, bus.off('none', gone) === bus);
  bus.on('a', say('last'));
  bus.publish('a', 1, 'two', undefined);
  bus.publish('a');
  // off takes every registration of the handler
  bus.off('a', twice);
  bus.publish('a', 'without twice');
  bus.off('a', () => {});
  bus.off('a', '*');
  bus.publish('a', 'nobody');
  bus.on('a', say('again')).on('b', gone).off('b', gone);
  bus.publish('a', 'again');
  bus.publish('b', 'nobody');
  // dropping the '*' handlers leaves the others alone
  bus.on('*', say('star'));
  bus.off('*', '*');
  bus.publish('a', 'kept');
  t.log('publish', bus.publish('nobody') === bus);
  // a handler that throws reaches the publisher, and the next publish works
  bus.on('throws', () => {
    throw new RangeError('mine');
  });
  try {
    bus.publish('throws');
  } catch (error) {
    t.log('thrown', error.message);
  }
  // one that takes itself away, as the only handler
  const self = () => {
    t.log('self');
    bus.off('self', self);
  };
  bus.on('self', self);
  bus.publish('self');
  bus.publish('self');
  // one that takes the next one away before its turn
  const second = say('second');
  bus.on('pair', () => bus.off('pair', second));
  bus.on('pair', second);
  bus.publish('pair');
  // one that drops the whole list: the others still hear this event
  bus.on('list', () => bus.off('list', '*'));
  bus.on('list', say('rest'));
  bus.once('list', say('rest once'));
  bus.publish('list', 'first');
  bus.publish('list', 'second');
}

module.exports = {
  name: 'on, once, off and publish',
  rules: ['K12'],
  transports: ['unix'],
  // the two roles never meet
  pairings: ['9-9', '10-10', 'new-new'],
  roles: {
    async server(t) {
      exercise(t, 'server', t.serve());
    },
    async client(t) {
      t.ipc.config.maxRetries = 0;
      exercise(t, 'client', t.connect('world'));
    },
  },
  check({ lines }) {
    for (const name of ['server', 'client']) {
      assert.deepStrictEqual(lines[name], [
        'chain true true',
        'chain true true',
        ...['twice', 'twice', 'once', 'last'].map((label) => `${name} ${label} 1 "two" undefined`),
        ...['twice', 'twice', 'last'].map((label) => `${name} ${label}`),
        `${name} last "without twice"`,
        `${name} again "again"`,
        `${name} again "kept"`,
        'publish true',
        'thrown "mine"',
        'self',
        `${name} rest "first"`,
        `${name} rest once "first"`,
      ]);
    }
  },
};

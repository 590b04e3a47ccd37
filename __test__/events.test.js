'use strict';
// The event bus of clients and servers, by way of messages and of its own methods (K12, F17, K8).

const { createWorld } = require('./helpers/world');
const { once } = require('./helpers/events');

const world = createWorld();

async function pair() {
  const place = await world.place('unix');
  const server = await world.serve(place);
  return { server, ...(await world.meet(server, place)) };
}

/** Sends messages of these types from the client and waits until all were delivered. */
async function send({ server, client }, ...types) {
  const done = once(server, 'the end');
  for (const type of types) client.emit(type, 1);
  client.emit('the end');
  await done;
}

const buses = ['client', 'server'];

describe.each(buses)('%s', (side) => {
  const bus = async () => (await pair())[side];

  test('on, off, once, publish, trigger, subscribe, unSubscribe, reset are chainable (K12)', async () => {
    const it = await bus();
    const f = () => {};
    expect(it.on('x', f)).toBe(it);
    expect(it.once('x', f)).toBe(it);
    expect(it.subscribe('x', f)).toBe(it);
    expect(it.publish('x')).toBe(it);
    expect(it.trigger('x')).toBe(it);
    expect(it.off('x', f)).toBe(it);
    expect(it.unSubscribe('x', f)).toBe(it);
    expect(it.reset()).toBe(it);
  });

  test('handlers run with this = the client or server, with all arguments (K12)', async () => {
    const it = await bus();
    const calls = [];
    it.on('x', function typed(...args) {
      calls.push([this, ...args]);
    });
    it.publish('x', 1, 2, 3);
    expect(calls).toEqual([[it, 1, 2, 3]]);
    expect(calls[0][0]).toBe(it);
  });

  test("'*' handlers come first, with the type (K12)", async () => {
    const it = await bus();
    const calls = [];
    it.on('x', (...args) => calls.push(['typed', ...args]));
    it.on('*', (...args) => calls.push(['wildcard', ...args]));
    it.publish('x', 1, 2);
    expect(calls).toEqual([
      ['wildcard', 'x', 1, 2],
      ['typed', 1, 2],
    ]);
  });

  test('handlers run in the order of their registration, each as often as registered', async () => {
    const it = await bus();
    const calls = [];
    const a = () => calls.push('a');
    it.on('x', a)
      .on('x', () => calls.push('b'))
      .on('x', a);
    it.publish('x');
    expect(calls).toEqual(['a', 'b', 'a']);
  });

  test('off of one handler, of a type, of the wildcards only (K12)', async () => {
    const it = await bus();
    const calls = [];
    const a = () => calls.push('a');
    const b = () => calls.push('b');
    const wildcard = (type) => calls.push(`* ${type}`);
    it.on('x', a).on('x', b).on('y', a).on('*', wildcard);

    it.off('x', a).publish('x').publish('y');
    expect(calls.splice(0)).toEqual(['* x', 'b', '* y', 'a']);
    it.off('x', '*').publish('x').publish('y');
    expect(calls.splice(0)).toEqual(['* x', '* y', 'a']);
    it.off('*', '*').publish('y');
    expect(calls.splice(0)).toEqual(['a']);
    it.on('*', wildcard).off('*').publish('y'); // '*' is the default
    expect(calls.splice(0)).toEqual(['a']);
    it.on('*', wildcard).off().publish('y');
    expect(calls.splice(0)).toEqual(['a']);
    it.on('*', wildcard).reset().publish('y');
    expect(calls).toEqual([]);
  });

  test('off of a handler that is not there does nothing', async () => {
    const it = await bus();
    it.off('nothing', () => {})
      .off('nothing', '*')
      .off('toString', '*')
      .off('__proto__', () => {});
  });

  test('once belongs to the registration, not to the function (F17)', async () => {
    const it = await bus();
    const calls = [];
    const handler = (value) => calls.push(value);
    it.on('kept', handler).once('x', handler).on('y', handler, true);
    it.publish('x', 'x').publish('x', 'x').publish('y', 'y').publish('y', 'y');
    it.publish('kept', 'kept').publish('kept', 'kept');
    expect(calls.splice(0)).toEqual(['x', 'y', 'kept', 'kept']);
    it.on('both', handler).once('both', handler);
    it.publish('both', 1).publish('both', 2);
    expect(calls).toEqual([1, 1, 2]);
    expect(Object.keys(handler)).toEqual([]);
  });

  test('a once handler that publishes its own type runs once', async () => {
    const it = await bus();
    let calls = 0;
    it.once('x', () => {
      calls++;
      it.publish('x');
    });
    it.publish('x');
    expect(calls).toBe(1);
  });

  test('a handler that removes itself does not disturb the others', async () => {
    const it = await bus();
    const calls = [];
    const first = () => {
      calls.push('first');
      it.off('x', first);
    };
    it.on('x', first).on('x', () => calls.push('second'));
    it.publish('x').publish('x');
    expect(calls).toEqual(['first', 'second', 'second']);
  });

  test('a handler that is added within an event hears the next one', async () => {
    const it = await bus();
    const calls = [];
    it.on('x', (n) => {
      calls.push(`first ${n}`);
      if (n === 1) it.on('x', (m) => calls.push(`added ${m}`));
    });
    it.on('*', (type, n) => {
      if (n === 1) it.on('*', (_, m) => calls.push(`added * ${m}`));
    });
    it.publish('x', 1).publish('x', 2);
    expect(calls).toEqual(['first 1', 'added * 2', 'first 2', 'added 2']);
  });

  test('a handler that adds itself, or the next once handler, does not go on for ever', async () => {
    const it = await bus();
    const calls = [];
    const again = () => {
      if (calls.push('again') < 9) it.on('x', again);
    };
    it.on('x', again).publish('x').publish('x');
    expect(calls.splice(0)).toEqual(['again', 'again', 'again']);
    const next = () => it.once('y', (n) => next(calls.push(n)));
    it.on('y', () => {});
    next();
    it.publish('y', 1).publish('y', 2);
    expect(calls).toEqual([1, 2]);
  });

  test('types of any spelling, also those of Object.prototype', async () => {
    const it = await bus();
    const calls = [];
    for (const type of ['__proto__', 'constructor', 'toString', '', ' ', 'ä']) {
      it.publish(type, 'nobody');
      it.on(type, (value) => calls.push([type, value]));
      it.publish(type, 1);
      expect(calls.splice(0)).toEqual([[type, 1]]);
    }
  });

  test('list names the handlers by type', async () => {
    const it = await bus();
    it.reset();
    const f = () => {};
    it.on('x', f).once('x', f).on('*', f);
    expect(it.list).toEqual({ x: [f, f], '*': [f] });
  });

  test('wrong arguments are TypeErrors (K12)', async () => {
    const it = await bus();
    for (const type of [undefined, null, 5, {}, Symbol('x')]) {
      expect(() => it.on(type, () => {})).toThrow(TypeError);
      expect(() => it.once(type, () => {})).toThrow(TypeError);
    }
    for (const handler of [undefined, null, 'x', {}]) {
      expect(() => it.on('x', handler)).toThrow(TypeError);
      expect(() => it.once('x', handler)).toThrow(TypeError);
    }
    expect(() => it.off(5)).toThrow(TypeError);
    expect(() => it.off('x', 5)).toThrow(TypeError);
  });

  test("'error' without a handler does not throw (K8)", async () => {
    const it = await bus();
    expect(it.publish('error', new Error('nobody listens'))).toBe(it);
  });
});

test('messages reach typed and wildcard handlers with data and socket (K12, K20)', async () => {
  const { server, client, socket } = await pair();
  const calls = [];
  server.on('*', (...args) => calls.push(['*', ...args]));
  server.on('x', function typed(...args) {
    calls.push(['x', ...args]);
    expect(this).toBe(server);
  });
  client.emit('x', 7);
  await once(server, 'x');
  expect(calls).toEqual([
    ['*', 'x', 7, socket],
    ['x', 7, socket],
  ]);
  const answers = [];
  client.on('*', (...args) => answers.push(['*', ...args]));
  client.on('y', (...args) => answers.push(['y', ...args]));
  server.emit(socket, 'y', 8);
  await once(client, 'y');
  expect(answers).toEqual([
    ['*', 'y', 8],
    ['y', 8],
  ]);
});

test('handlers that are added or removed by a message count from the next one on', async () => {
  const both = await pair();
  const calls = [];
  const late = () => calls.push('late');
  both.server.on('add', () => both.server.on('x', late));
  both.server.on('remove', () => both.server.off('x', '*'));
  await send(both, 'x', 'add', 'x', 'x', 'remove', 'x');
  expect(calls).toEqual(['late', 'late']);
});

test('instances, clients and servers have buses of their own (K19)', async () => {
  const one = await pair();
  const two = await pair();
  const calls = [];
  for (const [name, bus] of Object.entries({ ...one, other: two.server, more: two.client })) {
    if (name !== 'socket') bus.on('x', () => calls.push(name));
  }
  await send(one, 'x');
  expect(calls).toEqual(['server']);
});

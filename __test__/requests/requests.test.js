'use strict';
// Questions with answers: `request` and `handle`, in both directions and on every transport. See docs/requests.md.

const ferripc = require('../..');
const { once } = require('../helpers/events');
const { createWorld, TRANSPORTS } = require('../helpers/world');

const world = createWorld();

const { RemoteError } = ferripc;

/** A server and a client of it, connected. */
async function pair(kind, config) {
  const place = await world.place(kind);
  const server = await world.serve(place, config);
  return { place, server, ...(await world.meet(server, place, config)) };
}

/** Who asks whom: `ask(type, data, options)` of the one, and `handle` of the other. */
const directions = {
  'a client asks': ({ server, client }) => ({
    ask: (...args) => client.request(...args),
    answerer: server,
    asker: client.socket,
    end: () => client.socket.destroy(),
  }),
  'a server asks': ({ server, client, socket }) => ({
    ask: (...args) => server.request(socket, ...args),
    answerer: client,
    asker: socket,
    end: () => socket.destroy(),
  }),
};

const cases = TRANSPORTS.flatMap((kind) => Object.keys(directions).map((who) => [kind, who]));

const reject = (promise) =>
  promise.then(
    (value) => Promise.reject(new Error(`fulfilled with ${value}`)),
    (error) => error,
  );

describe.each(cases)('%s: %s', (kind, who) => {
  const meet = async (config) => {
    const ends = await pair(kind, config);
    return { ...ends, ...directions[who](ends) };
  };

  test('the answer is what the handler returns, or its promise gives', async () => {
    const { ask, answerer } = await meet();
    answerer.handle('sum', ({ a, b }) => a + b);
    answerer.handle('later', async (data) => [data]);
    expect(await ask('sum', { a: 1, b: 2 })).toBe(3);
    expect(await ask('later', 'x')).toEqual(['x']);
  });

  test.each([[undefined], [null], [''], [0], [false], [{}], ['x'.repeat(200_000)]])(
    '%p goes and comes as it is',
    async (value) => {
      const { ask, answerer } = await meet();
      const seen = [];
      answerer.handle('echo', (data) => {
        seen.push(data);
        return data;
      });
      expect(await ask('echo', value)).toEqual(value);
      expect(seen).toEqual([value]);
    },
  );

  test('the handler gets the socket, and its owner as this', async () => {
    const { ask, answerer, socket, client } = await meet();
    answerer.handle('who', function (data, context) {
      return [context.socket === (answerer === client ? client.socket : socket), this === answerer];
    });
    expect(await ask('who')).toEqual([true, true]);
  });

  test('answers come in any order, and each to its question', async () => {
    const { ask, answerer } = await meet();
    const release = new Map();
    const arrived = new Promise((resolve) => {
      answerer.handle('wait', (n) => {
        if (release.size === 999) setImmediate(resolve);
        return new Promise((answer) => release.set(n, answer));
      });
    });
    const all = Promise.all(Array.from({ length: 1000 }, (_, n) => ask('wait', n)));
    await arrived;
    for (const [n, answer] of [...release].reverse()) answer(n * 2);
    expect(await all).toEqual(Array.from({ length: 1000 }, (_, n) => n * 2));
  });

  test.each([
    ['an error', () => new TypeError('no such job'), { name: 'TypeError', message: 'no such job' }],
    [
      'an error with a code',
      () => Object.assign(new Error('gone'), { code: 'ENOENT' }),
      { name: 'Error', message: 'gone', code: 'ENOENT' },
    ],
    ['a text', () => 'just text', { name: 'Error', message: 'just text' }],
    ['undefined', () => undefined, { name: 'Error', message: 'undefined' }],
    [
      'what throws when it is looked at',
      () => ({
        get message() {
          throw new Error('never seen');
        },
      }),
      { name: 'Error' },
    ],
  ])('%s that is thrown crosses', async (_, make, expected) => {
    const { ask, answerer } = await meet();
    answerer.handle('now', () => {
      throw make();
    });
    answerer.handle('later', async () => {
      throw make();
    });
    for (const type of ['now', 'later']) {
      const error = await reject(ask(type));
      expect(error).toBeInstanceOf(RemoteError);
      expect(error).toBeInstanceOf(Error);
      const { name, message, code } = error;
      expect({ name, message, code }).toMatchObject(expected);
      expect('code' in error).toBe('code' in expected);
      expect(Object.keys(error)).toEqual('code' in expected ? ['code'] : []);
    }
  });

  test('an answer that JSON cannot express is an error for the caller', async () => {
    const { ask, answerer } = await meet();
    answerer.handle('big', () => 1n);
    const { name, message } = await reject(ask('big'));
    expect([name, message]).toEqual(['TypeError', expect.stringContaining('BigInt')]);
    expect((await reject(ask('big', 1n))).constructor).toBe(TypeError);
  });

  test('without a handler for the type it fails at once', async () => {
    const { ask, answerer } = await meet();
    const expected = { name: 'Error', code: 'ERR_FERRIPC_NO_HANDLER' };
    expect(await reject(ask('nobody'))).toMatchObject(expected); // before there is any handler
    answerer.on('*', () => {}); // which answers nothing
    expect(await reject(ask('nobody'))).toMatchObject(expected);
    const one = () => 1;
    const undo = answerer.handle('here', one);
    for (const type of ['nobody', '__proto__', 'constructor', '']) {
      const error = await reject(ask(type));
      expect(error).toMatchObject(expected);
      expect(error).toBeInstanceOf(RemoteError);
    }
    expect(await ask('here')).toBe(1);
    undo();
    undo();
    expect(await reject(ask('here'))).toMatchObject(expected);
    answerer.handle('here', one);
    undo(); // of the first time
    expect(await ask('here')).toBe(1);
  });

  test('an answer for which there is no room is an error for the asker', async () => {
    const { ask, answerer, asker } = await meet({ maxQueuedBytes: 64 * 1024 });
    const errors = new Set();
    answerer.on('error', ({ code }) => errors.add(code));
    const isFull = once(answerer, 'error');
    let wanted = 100; // more than the system takes
    const all = new Promise((resolve) => {
      answerer.handle('big', () => (--wanted === 0 && resolve(), 'x'.repeat(100_000)));
    });
    asker.pause();
    const answers = Array.from({ length: wanted }, () => ask('big'));
    await Promise.all([all, isFull]);
    asker.resume();
    const settled = await Promise.allSettled(answers);
    const codes = new Set(settled.map(({ reason }) => reason?.code));
    expect([codes, errors]).toEqual([new Set([undefined, 'ENOBUFS']), new Set(['ENOBUFS'])]);
    expect((await ask('big')).length).toBe(100_000);
  });

  test('types of all kinds can have handlers', async () => {
    const { ask, answerer } = await meet();
    for (const type of ['__proto__', 'toString', '', '*', 'ferripc:request', 'error']) {
      answerer.handle(type, (data) => [type, data]);
      expect(await ask(type, 1)).toEqual([type, 1]);
    }
  });

  test('a time-out rejects, and aborts the handler', async () => {
    const { ask, answerer } = await meet();
    const aborted = new Promise((resolve) => {
      answerer.handle('slow', (_, { signal }) => {
        expect(signal.aborted).toBe(false);
        return new Promise(() => signal.addEventListener('abort', () => resolve(signal.reason)));
      });
    });
    const error = await reject(ask('slow', 1, { timeout: 20 }));
    expect(error).toMatchObject({ name: 'TimeoutError', code: 'ETIMEDOUT' });
    expect(error).not.toBeInstanceOf(RemoteError);
    expect(error.message).toBe('The request "slow" was not answered within 20 ms');
    expect(await aborted).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' });
  });

  test('an abort rejects as in Node, and aborts the handlers', async () => {
    const { ask, answerer } = await meet();
    const controller = new AbortController();
    let running = 0;
    let aborted = 0;
    const all = new Promise((resolve) => {
      answerer.handle('slow', (_, context) => {
        if (++running === 30) controller.abort('enough');
        return new Promise(() => {
          context.signal.addEventListener('abort', () => ++aborted === 30 && resolve());
        });
      });
    });
    const warnings = [];
    process.on('warning', (warning) => warnings.push(warning));
    const { signal } = controller;
    const errors = await Promise.all(
      Array.from({ length: 30 }, () => reject(ask('slow', 1, { signal }))),
    );
    for (const error of errors) {
      expect(error).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: 'enough' });
    }
    await all;
    const early = await reject(ask('slow', 1, { signal }));
    expect(early).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: 'enough' });
    expect(running).toBe(30);
    await new Promise(setImmediate);
    expect(warnings).toEqual([]);
    process.removeAllListeners('warning');
  });

  test('an abort during encoding rejects, too', async () => {
    const { ask, answerer } = await meet();
    answerer.handle('never', () => new Promise(() => {}));
    const controller = new AbortController();
    const data = { toJSON: () => controller.abort() };
    await expect(ask('never', data, { signal: controller.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });

  test('a signal that the handler reads late is aborted, too', async () => {
    const { ask, answerer } = await meet();
    let asked;
    const running = new Promise((resolve) => {
      answerer.handle('slow', (_, context) => {
        asked = context;
        resolve();
        return new Promise(() => {});
      });
    });
    answerer.handle('ping', () => 'pong');
    const controller = new AbortController();
    const failed = reject(ask('slow', 1, { signal: controller.signal }));
    await running;
    controller.abort();
    await failed;
    expect(await ask('ping')).toBe('pong'); // comes after the cancellation
    expect(asked.signal.aborted).toBe(true);
  });

  test('a connection that ends rejects at once, and aborts the handlers', async () => {
    const { ask, answerer, end } = await meet({ retry: 60_000 });
    let context;
    const running = new Promise((resolve) => {
      answerer.handle('slow', (_, its) => {
        context = its;
        resolve();
        return new Promise(() => {});
      });
    });
    const failed = reject(ask('slow'));
    await running;
    const aborted = once(
      context.signal.addEventListener ? asEmitter(context.signal) : null,
      'abort',
    );
    end();
    expect(await failed).toMatchObject({ code: 'ECONNRESET' });
    await aborted;
    expect(context.signal.reason).toMatchObject({ code: 'ECONNRESET' });
    expect(await reject(ask('slow'))).toMatchObject({ code: 'ENOTCONN' });
  });

  test('nothing of it is an event, and the socket keeps its name', async () => {
    const { ask, answerer, server, client, socket } = await meet();
    client.emit('hello', { id: 'me' });
    await once(server, 'hello');
    answerer.handle('x', () => 1);
    const events = [];
    for (const bus of [server, client]) bus.on('*', (type) => events.push(type));
    expect(await ask('x', { id: 'other' })).toBe(1);
    await reject(ask('nobody'));
    expect(events).toEqual([]);
    expect(socket.id).toBe('me');
    expect(server.list).toEqual({ '*': [expect.any(Function)] });
  });

  test('one that is answered by hand', async () => {
    const { ask, answerer, client } = await meet();
    answerer.on('ferripc:request', ({ id, type, data }, socket) => {
      const reply = { id, data: [type, data] };
      if (answerer === client) client.emit('ferripc:reply', reply);
      else answerer.emit(socket, 'ferripc:reply', reply);
    });
    expect(await ask('by hand', 1)).toEqual(['by hand', 1]);
    answerer.handle('by handler', () => 2);
    expect(await ask('by handler', 1)).toBe(2);
    expect(await ask('by hand', 3)).toEqual(['by hand', 3]);
  });

  test.each([
    ['type', [5]],
    ['type', []],
    ['options', ['x', 1, null]],
    ['options', ['x', 1, 5]],
    ['options.timeout', ['x', 1, { timeout: 0 }]],
    ['options.timeout', ['x', 1, { timeout: '5' }]],
    ['options.timeout', ['x', 1, { timeout: NaN }]],
    ['options.signal', ['x', 1, { signal: {} }]],
    ['options.offline', ['x', 1, { offline: true }]],
    ['options.timeOut', ['x', 1, { timeOut: 100 }]],
  ])('a wrong %s is a TypeError: %j', async (name, args) => {
    const { ask } = await meet();
    const error = await reject(ask(...args));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toContain(name);
  });

  test('in raw mode there are none', async () => {
    const { ask, answerer } = await meet({ rawBuffer: true });
    expect(await reject(ask('x'))).toMatchObject({ code: 'ERR_FERRIPC_NO_REQUESTS' });
    expect(() => answerer.handle('x', () => 1)).toThrow('raw mode');
  });
});

/** An AbortSignal as helpers/events.js takes it. */
const asEmitter = (signal) => ({
  once: (type, listener) => signal.addEventListener(type, listener, { once: true }),
});

describe('handle', () => {
  test.each([
    ['type', [5, () => {}]],
    ['handler', ['x']],
    ['handler', ['x', null]],
    ['handler', ['x', {}]],
  ])('refuses a wrong %s', async (name, args) => {
    const server = world.host(await world.place('unix'));
    expect(() => server.handle(...args)).toThrow(TypeError);
    expect(() => server.handle(...args)).toThrow(`"${name}"`);
  });

  test('refuses a second handler of a type', async () => {
    const server = world.host(await world.place('unix'));
    server.handle('x', () => 1);
    expect(() => server.handle('x', () => 2)).toThrow(TypeError);
    expect(() => server.handle('x', () => 2)).toThrow('already have a handler');
  });

  test('reset() removes it, as all others; what runs is answered', async () => {
    const { server, client } = await pair('unix');
    let finish;
    const runs = new Promise((resolve) => {
      server.handle('x', () => new Promise((settle) => resolve((finish = settle))));
    });
    const first = client.request('x');
    await runs;
    expect(server.reset()).toBe(server);
    finish('first');
    expect(await first).toBe('first');
    expect(await reject(client.request('x'))).toMatchObject({ code: 'ERR_FERRIPC_NO_HANDLER' });
    server.handle('x', () => 'second');
    expect(await client.request('x')).toBe('second');
  });

  test('has no part in the id that a server gives a socket (K9), if nobody handles it, too', async () => {
    const place = await world.place('unix');
    const server = await world.serve(place);
    const { client, socket } = await world.meet(server, place);
    const code = 'ERR_FERRIPC_NO_HANDLER';
    expect(await reject(client.request('x'))).toMatchObject({ code });
    expect(socket.id).toBeUndefined();
    client.emit('named', { id: 'me' });
    await once(server, 'named');
    expect(socket.id).toBe('me');
  });

  test('refuses an invalid limit', async () => {
    const server = world.host(await world.place('unix'), { maxRequests: -1 });
    expect(() => server.handle('x', () => 1)).toThrow('config.maxRequests');
  });

  test('refuses UDP by name, and so does request', async () => {
    const ipc = world.ipc();
    ipc.serveNet('127.0.0.1', '0', 'udp4');
    await ipc.server.start();
    expect(() => ipc.server.handle('x', () => 1)).toThrow('UDP');
    const to = { address: '127.0.0.1', port: 9 };
    expect(await reject(ipc.server.request(to, 'x'))).toMatchObject({
      code: 'ERR_FERRIPC_NO_REQUESTS',
    });
  });
});

describe('a server asks', () => {
  test.each([[null], ['x'], [{}], [5]])(
    '%p, which is not a socket: a TypeError',
    async (socket) => {
      const { server } = await pair('unix');
      const error = await reject(server.request(socket, 'x'));
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toContain('"socket"');
    },
  );

  test('a socket of another server: a TypeError', async () => {
    const { server } = await pair('unix');
    const { socket } = await pair('unix');
    expect(await reject(server.request(socket, 'x'))).toBeInstanceOf(TypeError);
  });

  test('and only the peer that was asked can answer', async () => {
    const { server, client, socket, place } = await pair('unix');
    const other = await world.peer(place);
    const asked = once(client, 'ferripc:request');
    const answer = server.request(socket, 'secret');
    const [{ id }] = await asked;
    other.send('ferripc:reply', { id, data: 'forged' });
    server.on('ping', () => client.emit('ferripc:reply', { id, data: 'true' }));
    other.send('ping');
    expect(await answer).toBe('true');
  });
});

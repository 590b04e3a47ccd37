'use strict';
// ipcIO's server and client together, as their users see them.

const fs = require('node:fs');
const { once } = require('node:events');
const { Server } = require('../../ipcio');
const { createWorld } = require('../helpers/world');
const { collect, createParties, datas } = require('./parties');

const world = createWorld();
const { serve, makeClient, connect } = createParties(world);

describe('messages', () => {
  const values = [
    0,
    '',
    false,
    null,
    'a}{b',
    '{"x":"}{"}',
    'line\nline\r\n',
    [],
    {},
    { n: [1, { d: '"' }] },
    'Ω ≠ 😀',
  ];

  test('arrive as they are, in order, both ways', async () => {
    const there = collect(values.length);
    const back = collect(values.length);
    const server = await serve({
      value: (container) => {
        there.handler(container);
        server.emit(container.name, 'value', container.data);
      },
    });
    const client = await connect('c', { value: back.handler });
    for (const value of values) client.send('value', value);
    expect(datas(await there.all)).toEqual(values);
    expect(datas(await back.all)).toEqual(values);
  });

  test('of 10 MB arrive', async () => {
    const { handler, all } = collect();
    await serve({ big: handler });
    const client = await connect('c', {}, { warnAtBytes: Infinity });
    const data = '}{'.repeat(5e6);
    await client.send('big', data);
    const [container] = await all;
    expect(container.data === data).toBe(true);
  });

  test('that were sent before a connection come first, in order', async () => {
    const { handler, all } = collect(4);
    const client = makeClient('c');
    client.send('n', 1);
    const connected = client.connect();
    client.send('n', 2);
    await serve({ n: handler });
    await connected;
    client.send('n', 3);
    client.send('n', 4);
    expect(datas(await all)).toEqual([1, 2, 3, 4]);
  });

  test('over maxMessageBytes are reported, and the next one arrives', async () => {
    const { handler, all } = collect();
    const server = await serve({ n: handler }, { maxMessageBytes: 1000 });
    const failed = once(server, 'error');
    const client = await connect('c');
    client.send('n', 'x'.repeat(1000));
    client.send('n', 1);
    expect((await failed)[0].code).toBe('ERR_FERRIPC_MESSAGE_TOO_LARGE');
    expect(datas(await all)).toEqual([1]);
  });

  test.each([
    ['x', [60_000, 70_000, 70_000, 1]],
    ['é', [30_000, 35_000, 35_000, 1]],
  ])('that a peer with ipcIO would lose cause a warning, once: of %p', async (letter, lengths) => {
    let fresh; // which has not warned yet
    jest.isolateModules(() => (fresh = require('../../ipcio')));
    const { handler, all } = collect(4);
    await serve({ n: handler });
    const client = new fresh.Client({ socketRoot: world.tmp(), name: 'c' });
    world.after(() => client.disconnect());
    await client.connect();
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    try {
      for (const length of lengths) client.send('n', letter.repeat(length));
      expect(warned.mock.calls).toEqual([
        [
          expect.stringMatching(/ of 700\d\d bytes was sent.* loses messages of 64 KiB/s),
          { code: 'FERRIPC_IPCIO_LONG_MESSAGE' },
        ],
      ]);
    } finally {
      warned.mockRestore();
    }
    expect(datas(await all).map(({ length }) => length)).toEqual(lengths);
  });

  test('cause the warning from `warnAtBytes` on', async () => {
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    await serve({ n: () => {} });
    const sendOf = async (name, warnAtBytes, length) => {
      let fresh; // which has not warned yet
      jest.isolateModules(() => (fresh = require('../../ipcio')));
      const client = new fresh.Client({ socketRoot: world.tmp(), name, warnAtBytes });
      world.after(() => client.disconnect());
      await client.connect();
      await client.send('n', 'x'.repeat(length));
      return warned.mock.calls.splice(0).length;
    };
    try {
      expect(await sendOf('all', 100, 200)).toBe(1);
      expect(await sendOf('none', Infinity, 70_000)).toBe(0);
    } finally {
      warned.mockRestore();
    }
  });

  test('are written as `encoding` says, and read as UTF-8', async () => {
    const { handler, all } = collect(2);
    await serve({ n: handler });
    const utf8 = await connect('utf8', {}, { encoding: 'UTF-8' });
    await utf8.send('n', 'é');
    const latin1 = await connect('latin1', {}, { encoding: 'latin1' });
    await latin1.send('n', 'é');
    expect(datas(await all).sort()).toEqual(['é', '\ufffd']);
  });

  test('and connections are printed with `verbose`', async () => {
    const printed = jest.spyOn(console, 'log').mockImplementation(() => {});
    try {
      await serve({}, { verbose: true });
      const client = await connect('quiet');
      await client.disconnect();
      const lines = printed.mock.calls.map(([line]) => line);
      expect(lines.length).toBeGreaterThan(0);
      for (const line of lines) expect(line).toMatch(/^ipcIO default: /);
    } finally {
      printed.mockRestore();
    }
  });

  test('that JSON refuses throw where they are sent', async () => {
    await serve();
    const client = await connect('c');
    expect(() => client.send('n', 1n)).toThrow(TypeError);
  });
});

describe('between clients', () => {
  test('emit with a name, broadcast to all others, discover', async () => {
    const a = collect();
    const b = collect(3);
    const c = collect();
    const server = await serve({ one() {}, two() {} });
    const sender = await connect('a', { m: a.handler });
    await connect('b', { m: b.handler });
    await connect('c', { m: c.handler });
    await sender.emit('b', 'm', 'direct');
    await sender.emit('b', 'm', undefined); // with two arguments it would be for the server
    await sender.broadcast('m', 'to the others');
    expect(datas(await b.all)).toEqual(['direct', null, 'to the others']);
    expect(datas(await c.all)).toEqual(['to the others']);
    expect(await sender.discover()).toEqual({
      clients: ['a', 'b', 'c'],
      command_handlers: ['one', 'two'],
    });
    server.broadcast('m', 'from the server');
    expect(datas(await a.all)).toEqual(['from the server']); // its own broadcast did not come
  });

  test('discover before the connection is answered with it', async () => {
    const client = makeClient('c');
    const discovered = client.discover();
    client.connect();
    await serve({ n() {} });
    expect(await discovered).toEqual({ clients: ['c'], command_handlers: ['n'] });
  });

  test('discover rejects when no more may wait', async () => {
    const client = makeClient('c', {}, { maxQueuedBytes: 300_000 });
    const sent = client.broadcast('m', 'x'.repeat(299_850));
    await expect(client.discover()).rejects.toMatchObject({ code: 'ENOBUFS' });
    await serve();
    await client.connect();
    await sent; // until then there is no more room
    expect((await client.discover()).clients).toEqual(['c']);
  });

  test('a command for an unknown client is dropped', async () => {
    const { handler, all } = collect();
    const server = await serve({ n: handler });
    expect(server.emit('nobody', 'm', 1)).toBe(server);
    const client = await connect('c');
    await client.emit('nobody', 'm', 1);
    client.send('n', 'goes on');
    expect(datas(await all)).toEqual(['goes on']);
  });

  test('a name that is taken', async () => {
    const server = await serve();
    const first = await connect('c');
    const second = makeClient('c');
    const reported = once(second, 'error');
    await expect(second.connect()).rejects.toMatchObject({
      code: 'ERR_IPCIO_NAME_TAKEN',
      number: 201,
    });
    expect((await reported)[0].number).toBe(201);
    expect([first.isConnected(), second.isStarted()]).toEqual([true, false]);
    const left = once(server, 'disconnect');
    await first.disconnect();
    await left;
    await second.connect();
    expect(second.isConnected()).toBe(true);
  });
});

describe('deliver', () => {
  const handlers = {
    value: ({ data }) => ({ got: data }),
    later: async ({ data }) => `later ${data}`,
    nothing() {},
    never: () => new Promise(() => {}),
    throws() {
      throw Object.assign(new RangeError('no such thing'), { code: 'ENOTHING' });
    },
    rejects: () => Promise.reject(new Error('not today')),
    odd: ({ data }) => {
      throw [Object.create(null), { message: { toString: 1 } }, { name: 'Odd', code: 1n }][data];
    },
    thenable: () => ({ then: (resolve) => void resolve('at once') }),
  };

  for (const target of ['the server', 'a client']) {
    describe(`to ${target}`, () => {
      const to = target === 'a client' ? ['b'] : [null];
      let client;
      beforeEach(async () => {
        await serve(target === 'a client' ? {} : handlers);
        client = await connect('a');
        if (target === 'a client') await connect('b', handlers);
      });

      test.each([
        ['value', 1, { got: 1 }],
        ['value', false, { got: false }],
        ['later', 'x', 'later x'],
        ['nothing', 1, null],
        ['unknown', 1, null],
        ['thenable', 1, 'at once'],
      ])('%s(%j) gives %j', async (command, data, feedback) => {
        expect(await client.deliver(...to, command, data)).toEqual(feedback);
      });

      test('a handler that throws or rejects rejects', async () => {
        await expect(client.deliver(...to, 'throws', 1)).rejects.toMatchObject({
          name: 'RangeError',
          message: 'no such thing',
          code: 'ENOTHING',
        });
        await expect(client.deliver(...to, 'rejects', 1)).rejects.toThrow('not today');
      });

      test.each([
        [0, 'Error', ''],
        [1, 'Error', 'The handler threw a value that cannot be shown'],
        [2, 'Odd', ''],
      ])('whatever it throws: %i', async (which, name, message) => {
        const error = await client.deliver(...to, 'odd', which).catch((reason) => reason);
        expect([error.name, error.message, error.code]).toEqual([name, message, undefined]);
      });

      test('without an answer: timeout', async () => {
        await expect(client.deliver(...to, 'never', 1, { timeout: 20 })).rejects.toMatchObject({
          code: 'ERR_IPCIO_TIMEOUT',
        });
      });
    });
  }

  test('two arguments are for the server; options may follow', async () => {
    await serve(handlers);
    const client = await connect('a');
    expect(await client.deliver('value', 7)).toEqual({ got: 7 });
    expect(await client.deliver('value', 'text', { timeout: 10_000 })).toEqual({ got: 'text' });
  });

  test('to nobody', async () => {
    await serve();
    const client = await connect('a');
    await expect(client.deliver('b', 'value', 1)).rejects.toMatchObject({
      code: 'ERR_IPCIO_UNKNOWN_CLIENT',
    });
  });

  test('to a client that leaves, and to a server that stops', async () => {
    const { handler, all } = collect(1);
    const server = await serve({ never: () => new Promise(() => {}) });
    const a = await connect('a');
    const b = await connect('b', { never: handler });
    b.addHandlers({ really: () => new Promise(() => {}) });
    const waiting = a.deliver('b', 'really', 1);
    a.emit('b', 'never', 1);
    await all;
    await b.disconnect();
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_IPCIO_DISCONNECTED' });
    const lost = a.deliver('never', 1);
    await a.discover(); // has arrived
    server.stop();
    await expect(lost).rejects.toMatchObject({ code: 'ERR_IPCIO_DISCONNECTED' });
  });

  test('of an object that looks like options: a name, null for the server, or a fourth argument says what it is', async () => {
    await serve({ value: ({ data }) => ['the server', data] });
    const client = await connect('a', { value: ({ data }) => ['a', data] });
    const data = { timeout: 60_000 };
    expect(await client.deliver(null, 'value', data)).toEqual(['the server', data]);
    expect(await client.deliver('a', 'value', data, {})).toEqual(['a', data]);
    expect(await client.deliver('value', 1, data)).toEqual(['the server', 1]);
  });

  test('before the connection', async () => {
    const client = makeClient('a');
    const feedback = client.deliver('value', 1);
    client.connect();
    await serve(handlers);
    expect(await feedback).toEqual({ got: 1 });
  });
});

describe('life', () => {
  test('a server that starts again: clients come back, what was queued arrives in order', async () => {
    const first = await serve({ n() {} });
    const client = await connect('c');
    const lost = once(client, 'disconnect');
    await first.stop();
    await lost;
    expect([client.isConnected(), client.isStarted()]).toEqual([false, true]);
    for (const n of [1, 2, 3]) client.send('n', n);
    const { handler, all } = collect(3);
    await serve({ n: handler });
    expect(datas(await all)).toEqual([1, 2, 3]);
  });

  test('clients try again after 2 s unless they are told otherwise', async () => {
    const first = await serve();
    const client = await connect('c', {}, { reconnectDelay: undefined });
    const times = [];
    const note = async (event) => {
      await once(client, event);
      times.push(performance.now());
    };
    const gap = () => times.at(-1) - times.at(-2);
    const lost = note('disconnect');
    const failed = note('error');
    await first.stop();
    await lost;
    await failed;
    expect(gap()).toBeGreaterThan(1990);
    expect([client.isConnected(), client.isStarted()]).toEqual([false, true]);
    const connected = note('connect');
    await serve();
    await connected;
    expect(gap()).toBeGreaterThan(1990);
  });

  test('files are removed', async () => {
    const server = await serve();
    const known = once(server, 'connect'); // may come after the client's own
    await connect('c');
    await known;
    expect(fs.readdirSync(world.tmp())).toEqual(
      process.platform === 'win32' ? [] : ['IPC.io.default'],
    );
    await server.stop();
    expect(fs.readdirSync(world.tmp())).toEqual([]);
  });

  test('disconnect sends what was sent before, and rejects what waits', async () => {
    const { handler, all } = collect(2);
    await serve({ n: handler });
    const client = await connect('c', {}, { warnAtBytes: Infinity });
    const data = 'x'.repeat(5e6);
    client.send('n', data);
    client.send('n', 1);
    await client.disconnect();
    expect((await all)[1].data).toBe(1);
    const waiting = client.send('n', 2); // nobody will connect
    client.connect();
    client.disconnect();
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_IPCIO_DISCONNECTED' });
  });

  test('handlers may be added at any time', async () => {
    const server = await serve();
    const client = await connect('c');
    const { handler, all } = collect();
    expect(server.addHandlers({ late: handler })).toBe(server);
    client.send('late', 1);
    expect(datas(await all)).toEqual([1]);
  });

  test('a client that ends: its name is free, "disconnect" tells of it', async () => {
    const server = await serve();
    const came = once(server, 'connect');
    const client = await connect('c');
    expect((await came)[0]).toMatchObject({ name: 'c' });
    const left = once(server, 'disconnect');
    await client.disconnect();
    expect((await left)[0]).toMatchObject({ name: 'c' });
    await connect('c');
  });

  test('a second start or connect throws as in ipcIO', async () => {
    const server = await serve({}, { domain: 'd' });
    expect(() => server.start()).toThrow(
      'Tried to start IPC server for domain d, that has already started.',
    );
    const client = await connect('c', {}, { domain: 'd' });
    expect(() => client.connect()).toThrow(
      'Tried to connect to IPC server for domain d, when already connected/ing.',
    );
  });

  test('a server that cannot listen says so', async () => {
    const server = new Server({ socketRoot: world.file('nowhere') });
    const reported = once(server, 'error');
    server.start();
    await expect(server.ready()).rejects.toMatchObject({ code: 'ENOENT' });
    expect((await reported)[0].code).toBe('ENOENT');
    expect(server.isStarted()).toBe(false);
  });
});

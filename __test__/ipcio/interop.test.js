'use strict';
// ferripc's ipcIO against peers made of plain `net` for each version, and against bytes that no version writes. What the
// real programs wrote: recordings.test.js.

const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { once } = require('node:events');
const { thrownBy } = require('../helpers/thrown');
const { createWorld } = require('../helpers/world');
const { createParties } = require('./parties');
const { dial, enter, host, recorded, text } = require('./peers');

const world = createWorld();
const { serve, makeClient } = createParties(world);
const VERSIONS = ['0.4.0', '0.5.0', '0.6.2'];
const place = () => path.join(world.tmp(), 'IPC.io.default');

// The vectors and the peers know Unix sockets.
const suite = process.platform === 'win32' ? describe.skip : describe;

suite.each(VERSIONS)('a peer with ipcIO %s', (version) => {
  test('a client of it with our server: handshake, commands both ways', async () => {
    let got;
    const data = new Promise((resolve) => (got = resolve));
    const server = await serve({ ask: (container) => got(container.data) });
    const { domain, own, uuid } = await enter(place(), 'raw', version);
    world.after(() => [domain, own].forEach(({ socket }) => socket.destroy()));
    expect(domain.received).toBe(
      `{"id":"raw","command":"handshake","data":"${uuid}","delivery":null}`,
    );
    own.send({ command: 'ask', data: 'text' });
    expect(await data).toBe('text');
    server.emit('raw', 'tell', { a: 1 });
    server.broadcast('tell', 'all');
    expect(await own.next()).toEqual({ id: null, command: 'tell', data: { a: 1 }, delivery: null });
    expect(await own.next()).toMatchObject({ command: 'tell', data: 'all' });
  });

  test('a server of it with our client: handshake, commands both ways, queue and reconnection', async () => {
    const peer = await host(place(), version);
    world.after(() => peer.close());
    let got;
    const data = new Promise((resolve) => (got = resolve));
    const client = makeClient('ours', { tell: (container) => got(container.data) });
    client.send('ask', 'queued');
    await client.connect();
    const { name, domain, own } = await peer.next();
    expect(name).toBe('ours');
    expect(domain.received).toBe('{"id":null,"command":"handshake","data":"ours","delivery":null}');
    expect(await own.next()).toMatchObject({ command: 'ask', data: 'queued' });
    own.send({ command: 'tell', data: [0, 'a}{b'] });
    expect(await data).toEqual([0, 'a}{b']);
    const lost = once(client, 'disconnect');
    own.socket.destroy();
    await lost;
    client.send('ask', 1);
    client.send('ask', 2);
    const again = await peer.next();
    expect([(await again.own.next()).data, (await again.own.next()).data]).toEqual([1, 2]);
  });

  test('a name that is taken, and what a server answers to discover', async () => {
    await serve({ one() {} });
    const first = await enter(place(), 'a', version);
    const second = await dial(place(), version);
    world.after(() => [first.domain, first.own, second].forEach(({ socket }) => socket.destroy()));
    second.send({ command: 'handshake', data: 'a' });
    expect(await second.next()).toEqual({ id: 'a', command: 'error', data: 201, delivery: null });
    first.domain.send({ id: 'a', command: 'discover', data: null });
    expect(await first.domain.next()).toEqual({
      id: 'a',
      command: 'discover',
      data: { clients: ['a'], command_handlers: ['one'] },
      delivery: null,
    });
  });

  test('a broadcast of a client of it reaches the other clients of our server', async () => {
    await serve();
    const [a, b] = [await enter(place(), 'a', version), await enter(place(), 'b', version)];
    world.after(() =>
      [a, b].forEach(({ domain, own }) => [domain, own].map((it) => it.socket.destroy())),
    );
    a.domain.send({
      id: 'a',
      command: 'broadcast',
      data: text[version]({ command: 'm', data: { bc: 1 } }),
    });
    expect(await b.own.next()).toEqual({ id: null, command: 'm', data: { bc: 1 }, delivery: null });
    a.domain.send({ id: 'a', command: 'discover', data: null });
    await a.domain.next();
    expect(a.own.received).toBe(''); // it is one of the others
  });

  test('broadcast and discover of our client at a server of it', async () => {
    const peer = await host(place(), version);
    world.after(() => peer.close());
    const client = makeClient('ours');
    await client.connect();
    const { domain } = await peer.next();
    await client.broadcast('m', [1]);
    const { data: inner, ...outer } = await domain.next();
    expect(outer).toEqual({ id: 'ours', command: 'broadcast', delivery: null });
    expect(JSON.parse(inner)).toEqual({ id: null, command: 'm', data: [1], delivery: null });
    const discovered = client.discover();
    expect(await domain.next()).toEqual({
      id: 'ours',
      command: 'discover',
      data: null,
      delivery: null,
    });
    const data = { clients: ['ours'], command_handlers: [] };
    domain.send({ id: 'ours', command: 'discover', data });
    expect(await discovered).toEqual(data);
  });
});

suite('from client to client by our server', () => {
  async function pair(version) {
    await serve();
    const a = await enter(place(), 'a', version);
    const b = await enter(place(), 'b', version);
    world.after(() =>
      [a, b].forEach(({ domain, own }) => [domain, own].map((it) => it.socket.destroy())),
    );
    return { a, b };
  }

  test('emit as 0.5 writes it, the target outside', async () => {
    const { a, b } = await pair('0.5.0');
    const inner = JSON.stringify({ id: null, command: 'm', data: 'toB' });
    a.domain.send({ id: 'b', command: 'emit', data: inner });
    expect(await b.own.next()).toMatchObject({ command: 'm', data: 'toB' });
  });

  test('deliver as 0.6.2 writes it, byte for byte', async () => {
    const { a, b } = await pair('0.6.2');
    const id = 'adf441c8065943218589cf53d257a81f';
    const vectors = recorded('0.6.2-b').map(({ text }) => text);
    const asked = vectors.find((text) => text.includes(id));
    expect(asked).toContain('"command":"emit"');
    a.domain.socket.write(asked);
    await b.own.next();
    const at = vectors.indexOf(asked);
    expect(b.own.received).toBe(vectors[at + 1]);
    b.own.socket.write(vectors[at + 2]);
    await a.own.next();
    expect(a.own.received).toBe(vectors[at + 3]);
  });

  test('a delivery with the number of another one under way does not disturb that one', async () => {
    const { a, b } = await pair('0.6.2');
    const ask = (peer, target, data) => {
      const inner = JSON.stringify({ id: target, command: 'm', data, delivery: 'x' });
      peer.domain.send({ command: 'emit', data: inner, delivery: 'x' });
    };
    ask(a, 'b', 1);
    expect(await b.own.next()).toMatchObject({ command: 'm', data: 1, delivery: 'x' });
    for (const target of ['a', 'b', 'nobody']) ask(b, target, 2);
    b.domain.send({ id: 'b', command: 'discover', data: null });
    expect(await b.domain.next()).toMatchObject({ command: 'discover' }); // all of it was read
    b.own.send({ command: 'deliver', data: 'fine', delivery: 'x' });
    expect(await a.own.next()).toMatchObject({ command: 'deliver', data: 'fine', delivery: 'x' });
  });

  test('deliver to nobody: 0.6.2 takes it for an answer without data', async () => {
    const { a } = await pair('0.6.2');
    const inner = JSON.stringify({ id: 'c', command: 'm', data: 1, delivery: 'x' });
    a.domain.send({ id: 'a', command: 'emit', data: inner, delivery: 'x' });
    expect(await a.own.next()).toMatchObject({ command: 'deliver', data: null, delivery: 'x' });
  });
});

/** More than JSON.stringify can write, except where it has no such limit (Node 26). */
const DEEP = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
const hasLimit = thrownBy(() => JSON.stringify(JSON.parse(DEEP))) !== undefined;

suite('bytes', () => {
  test('several messages in one chunk, one in chunks of a byte', async () => {
    const got = [];
    let done;
    const all = new Promise((resolve) => (done = resolve));
    await serve({
      n({ data }) {
        if (got.push(data) === 4) done();
      },
    });
    const { domain, own } = await enter(place(), 'a');
    world.after(() => [domain, own].forEach(({ socket }) => socket.destroy()));
    const text = (data) => JSON.stringify({ id: null, command: 'n', data, delivery: null });
    own.socket.write(`${text(1)}\n${text('}{')}${text(null)}`);
    own.socket.setNoDelay(true);
    for (const byte of Buffer.from(text('é😀"\\}'))) {
      await new Promise((resolve) => own.socket.write(Buffer.of(byte), resolve));
    }
    await all;
    expect(got).toEqual([1, '}{', null, 'é😀"\\}']);
  });

  test.each([
    ['no JSON', 'hello {"a', 'ERR_IPCIO_NOT_JSON', 101],
    ['brackets that do not match', '{]}', 'ERR_IPCIO_NOT_JSON', 101],
    ['JSON that is not a message', '[{"command":"n"}]', 'ERR_IPCIO_NOT_A_MESSAGE', 102],
    ['a number', '7 ', 'ERR_IPCIO_NOT_A_MESSAGE', 102],
    ['a word', 'null ', 'ERR_IPCIO_NOT_A_MESSAGE', 102],
  ])('%s: an error, and the server goes on', async (_, bytes, code, number) => {
    const server = await serve({ n() {} });
    const failed = once(server, 'error');
    for (const target of ['domain', 'own']) {
      const peer = await enter(place(), `raw ${target}`);
      peer[target].socket.write(bytes);
      world.after(() => [peer.domain, peer.own].forEach(({ socket }) => socket.destroy()));
    }
    expect((await failed)[0]).toMatchObject({ code, number });
    const client = makeClient('good');
    await client.connect();
    expect(await client.deliver('n', 1)).toBe(null);
  });

  test.each(
    [
      '{}',
      '{"command":5}',
      '{"command":"toString"}',
      '{"command":"__proto__"}',
      '{"command":"handshake"}',
      '{"command":"handshake","data":{"a":1}}',
      '{"command":"handshake","data":""}',
      '{"command":"emit","data":null}',
      '{"command":"emit","data":"{}"}',
      '{"command":"broadcast","data":"["}',
      '{"command":"deliver","delivery":"x"}',
      '{"command":"deliver","delivery":{"a":1},"error":{"name":{},"message":[],"code":{}}}',
      '{"command":"discover","id":{"a":1}}',
      `{"command":"n","data":${DEEP}}`,
      // What has no text must not be made one.
      ...['id', 'command', 'data', 'delivery'].map((name) =>
        JSON.stringify({ command: 'n', ...{ [name]: { toString: 1 } } }),
      ),
      ...['handshake', 'discover', 'broadcast', 'emit', 'deliver'].flatMap((command) => [
        JSON.stringify({ command, data: { toString: 1 } }),
        JSON.stringify({ id: { toString: 1 }, command, data: 'x' }),
        `{"command":"${command}","data":${DEEP}}`,
        JSON.stringify({ command, data: JSON.stringify({ command: { toString: 1 } }) }),
        JSON.stringify({ command, data: JSON.stringify({ id: { toString: 1 }, delivery: {} }) }),
        JSON.stringify({ command, data: `{"id":"good","command":"m","data":${DEEP}}` }),
      ]),
    ].map((text) => [
      text.length > 200 ? `${text.slice(0, 60)} (${text.length} characters)` : text,
      text,
    ]),
  )('%s does no harm', async (_, text) => {
    const server = await serve({ n() {} });
    const client = makeClient('good', { n: () => 1 });
    const known = once(server, 'connect'); // may come after the client's own
    await client.connect();
    await known;
    const came = once(server, 'connect');
    const { domain, own } = await enter(place(), 'raw');
    await came;
    const left = new Promise((resolve) => server.once('disconnect', resolve));
    domain.socket.write(text);
    own.socket.write(text);
    domain.socket.end();
    own.socket.end();
    await left;
    expect(await client.deliver('n', 1)).toBe(null);
    expect((await client.discover()).clients).toEqual(['good']);
  });

  test('a server that sends nonsense does no harm to our client', async () => {
    const peer = await host(place());
    world.after(() => peer.close());
    const client = makeClient('ours', { n: () => 'fine' });
    client.connect();
    const { own, domain } = await peer.next();
    domain.socket.write(
      '{"command":"handshake","data":"again"}{"command":"error","data":201}{}junk ',
    );
    own.socket.write('{"command":"deliver","delivery":"none","data":1}{"command":"toString"}{} 5 ');
    own.send({ command: 'n', data: 1, delivery: 'd' });
    expect(await own.next()).toMatchObject({ command: 'deliver', data: 'fine', delivery: 'd' });
    expect(client.isConnected()).toBe(true);
  });

  test.each([
    ['names with no text', { name: { toString: 1 }, message: [], code: { toString: 1 } }, ''],
    ['a failure with numbers', { name: 1, message: 2, code: 3 }, '2'],
  ])('%s: the delivery is rejected all the same', async (_, error, message) => {
    const peer = await host(place());
    world.after(() => peer.close());
    const client = makeClient('ours');
    client.connect();
    const { own } = await peer.next();
    const answer = client.deliver('n', 1);
    const { delivery } = await own.next();
    own.socket.write(JSON.stringify({ command: 'deliver', data: null, delivery, error }));
    await expect(answer).rejects.toMatchObject({ message });
  });

  (hasLimit ? test : test.skip)('feedback that cannot be delivered rejects', async () => {
    await serve();
    const client = makeClient('ours');
    await client.connect();
    const { domain, own } = await enter(place(), 'raw');
    world.after(() => [domain, own].forEach(({ socket }) => socket.destroy()));
    const answer = client.deliver('raw', 'n', 1);
    const { delivery } = await own.next();
    own.socket.write(`{"command":"deliver","delivery":"${delivery}","data":${DEEP}}`);
    await expect(answer).rejects.toMatchObject({ code: 'ERR_IPCIO_NOT_A_MESSAGE' });
  });

  test.each(['../../etc/x', 5, { toString: 1 }])(
    '%p is not a valid server: an error, and another attempt',
    async (data) => {
      const peers = [];
      const server = net.createServer((socket) => {
        peers.push(socket);
        socket.on('error', () => {});
        socket.once('data', () => socket.write(JSON.stringify({ command: 'handshake', data })));
      });
      server.listen(place());
      await once(server, 'listening');
      world.after(() => {
        for (const socket of peers) socket.destroy();
        server.close();
      });
      const client = makeClient('ours');
      const failed = once(client, 'error');
      client.connect();
      expect((await failed)[0]).toMatchObject({ code: 'ERR_IPCIO_NOT_A_MESSAGE', number: 102 });
      while (peers.length < 2) await once(server, 'connection');
    },
  );

  test('connections over maxConnections are closed, until there is room', async () => {
    const server = await serve({ ask: () => 'here' }, { maxConnections: 2 });
    const visitors = [await dial(place()), await dial(place())];
    const failed = once(server, 'error');
    const third = await dial(place());
    third.socket.on('error', () => {});
    await once(third.socket, 'close');
    expect((await failed)[0].code).toBe('ERR_FERRIPC_MAX_CONNECTIONS');
    const gone = visitors.map(({ socket }) => once(socket, 'close'));
    for (const { socket } of visitors) socket.destroy();
    await Promise.all(gone);
    const client = makeClient('ours');
    await client.connect();
    expect(await client.deliver('ask')).toBe('here');
  });

  test.each([0, -1, NaN, '2', null])('maxConnections %p is refused', async (maxConnections) => {
    await expect(serve({}, { maxConnections })).rejects.toThrow(/options\.maxConnections/);
  });

  test('a visitor that does not shake hands is shown out', async () => {
    const server = await serve({}, { handshakeTimeout: 20 });
    const failed = once(server, 'error');
    const silent = await dial(place());
    const half = await dial(place());
    half.send({ command: 'handshake', data: 'never connects' });
    const ends = [silent, half].map(({ socket }) => {
      socket.on('error', () => {}); // a reset, if what it has written was not read
      return new Promise((resolve) => socket.once('close', resolve));
    });
    await Promise.all(ends);
    expect((await failed)[0].code).toBe('ERR_IPCIO_HANDSHAKE_TIMEOUT');
    // The server may hear of these ends later than the peers.
    while (fs.readdirSync(world.tmp()).length > 1) await new Promise(setImmediate);
    expect(fs.readdirSync(world.tmp())).toEqual(['IPC.io.default']);
  });

  test('… unless `handshakeTimeout` is 0', async () => {
    const server = await serve({}, { handshakeTimeout: 0 });
    const errors = [];
    server.on('error', (error) => errors.push(error));
    const silent = await dial(place());
    for (let i = 0; i < 5; i++) {
      const client = makeClient(`c${i}`);
      await client.connect();
      await client.disconnect();
    }
    expect([silent.socket.destroyed, errors]).toEqual([false, []]);
    silent.socket.destroy();
  });
});

'use strict';
// Messages are written and read by shortcuts where they are of the usual form (wire.js, frames.js). What
// goes over the wire, and what handlers get, is always what JSON.stringify and JSON.parse of the whole make
// of it (K1, K7).

const v8 = require('node:v8');
const vm = require('node:vm');
const { collect, once } = require('./helpers/events');
const { createWorld } = require('./helpers/world');

const world = createWorld();

/** Long enough to be quoted by the engine. */
const LONG = 70_000;

async function clientAndPeer() {
  const at = await world.place('unix');
  const { next } = await world.rawServer(at);
  const client = await world.connect(at);
  return { client, peer: await next() };
}

async function serverAndPeer() {
  const at = await world.place('unix');
  const server = await world.serve(at);
  return { server, peer: await world.peer(at) };
}

const ascii = String.fromCharCode(...Array(128).keys());

describe('what is sent is the JSON of the whole message', () => {
  const withKey = { toJSON: (key) => `key ${key}` };
  const cases = {
    'a type with quotes and escapes': ['a"\\\n\u{2028}é', 1],
    'no type': [undefined, 1],
    'a type that is not a string': [7, 1],
    'an empty type': ['', 1],
    'toJSON, which is told the key': ['x', withKey],
    'toJSON further down': ['x', [withKey]],
    'a date': ['x', new Date(0)],
    'a function, which has no JSON': ['x', () => 1],
    'a symbol, which has none either': ['x', Symbol('s')],
    'toJSON of nothing': ['x', { toJSON: () => undefined }],
    'a key __proto__': ['x', JSON.parse('{"__proto__":1}')],
    'a string object': ['x', new String('boxed')],
    'a short string': ['x', `${ascii} \u{1F600} \ud800`],
    'a long string of ASCII': ['x', 'x'.repeat(LONG)],
    'a long string with all that is to be escaped': ['x', ascii.repeat(LONG / 128)],
    'a long string of Latin-1': ['x', 'é'.repeat(LONG)],
    'a long string with lone surrogates': ['x', '\ud800a\u{1F600}'.repeat(LONG / 4)],
    'a long string and a type with escapes': ['"\u{1F600}', 'x'.repeat(LONG)],
  };

  test.each(Object.entries(cases))('%s', async (_, [type, data]) => {
    const { client, peer } = await clientAndPeer();
    client.emit(type, data);
    client.emit('after', 1);
    expect(await peer.frame()).toBe(Buffer.from(JSON.stringify({ type, data })).toString());
    expect(await peer.message()).toEqual({ type: 'after', data: 1 });
  });

  test('more types than are remembered', async () => {
    const { client, peer } = await clientAndPeer();
    const types = Array.from({ length: 600 }, (_, i) => `type ${i % 300}`);
    for (const type of types) client.emit(type, 1);
    for (const type of types) expect(await peer.message()).toEqual({ type, data: 1 });
  });

  test('a long string before the connection is up, and in sync mode', async () => {
    const at = await world.place('unix');
    const { next } = await world.rawServer(at);
    const client = world.dial(at, { sync: true });
    const data = 'long '.repeat(LONG / 5);
    client.emit('x', data);
    expect(await (await next()).message()).toEqual({ type: 'x', data });
  });
});

describe('what is received is what a JSON parser makes of the whole frame', () => {
  const frames = [
    '{"type":"a","data":1}',
    '{"type":"a","data":"plain"}',
    '{"type":"a","data":""}',
    '{"type":"a","data":"\\u0041\\n"}',
    '{"type":"a","data":"é \u{1F600}"}',
    '{"type":"a","data":1,"more":2}',
    '{"type":"a","data":1,"type":"b"}',
    '{"type":"a","data":1,"data":2}',
    '{"type":"a","data":"x","data":"y"}',
    '{"type":"a","data":{"__proto__":1}}',
    '{"type":"a","data": [1] }',
    '{"data":1,"type":"a"}',
    ' {"type":"a","data":1}',
    '{"type":"a"}',
    '{"type":"\\u0061","data":1}',
    '{"type":"é","data":1}',
    '{"type":"","data":1}',
    `{"type":"a","data":"${'x'.repeat(LONG)}"}`,
    `{"type":"a","data":"${'é'.repeat(LONG)}"}`,
  ];
  const expected = frames.map((frame) => {
    const { type, data } = JSON.parse(frame);
    return [type, data];
  });

  async function received(send) {
    const { server, peer } = await serverAndPeer();
    const got = [];
    server.on('*', (type, data) => got.push([type, data]));
    const done = once(server, 'done');
    send(peer);
    peer.send('done');
    await done;
    return got.filter(([type]) => type !== 'connect' && type !== 'done');
  }

  test('one by one', async () => {
    for (const [i, frame] of frames.entries()) {
      expect(await received((peer) => peer.writeFrames(frame))).toEqual([expected[i]]);
    }
  });

  test('all at once', async () => {
    expect(await received((peer) => peer.writeFrames(...frames))).toEqual(expected);
  });

  test('many alike at once', async () => {
    const alike = Array.from({ length: 500 }, (_, i) => `{"type":"a","data":{"é":${i}}}`);
    const got = await received((peer) => peer.writeFrames(...alike));
    expect(got).toEqual(Array.from({ length: 500 }, (_, i) => ['a', { é: i }]));
  });

  // Several of one type are parsed together, unless one of them is not what it looks like.
  const odd = [
    '1,2',
    '[1],[2]',
    '{}{}',
    '',
    ' ',
    '{',
    '}',
    ']',
    '],[',
    '{"a":1]',
    '{a:1}',
    '"',
    '"a"b"',
    '"\t"',
    'nul',
    '01',
    '1 ',
    ' [1]',
    '"\\"]}"',
    '{"__proto__":{"x":1},"__proto__":2}',
    '{"x":1,"x":2}',
    '"\u{1F600}é"',
    '-0',
    '1e400',
    '[[[[]]]]',
  ];

  test.each(odd)('many alike at once, and among them one with the data %j', async (data) => {
    const usual = ['{"x":1,"y":[1,{"z":"}]"}]}', 'null', 'false', '"é"', '{"x":2,"y":[]}'];
    const frameOf = (text) => `{"type":"a","data":${text}}`;
    for (const at of [0, 2, usual.length]) {
      const alike = [...usual.slice(0, at), data, ...usual.slice(at)].map(frameOf);
      const wanted = alike.map((frame) => {
        try {
          const message = JSON.parse(frame);
          return [message.type, message.data];
        } catch {
          return ['error', expect.objectContaining({ response: frame })];
        }
      });
      expect(await received((peer) => peer.writeFrames(...alike))).toEqual(wanted);
    }
  });

  test('what a handler does to the data of one message is not seen in another', async () => {
    const { server, peer } = await serverAndPeer();
    const got = [];
    server.on('a', (data) => {
      got.push(JSON.stringify(data));
      data.list.push('seen');
    });
    const done = once(server, 'done');
    peer.writeFrames(...Array(8).fill('{"type":"a","data":{"list":[]}}'));
    peer.send('done');
    await done;
    expect(got).toEqual(Array(8).fill('{"list":[]}'));
  });

  test('a string of megabytes outlives its connection, and those before it', async () => {
    v8.setFlagsFromString('--expose-gc');
    const gc = vm.runInNewContext('gc');
    const kept = [];
    for (const letter of ['a', 'é', '€']) {
      const { server, peer } = await serverAndPeer();
      for (let i = 0; i < 4; i++) {
        const got = once(server, 'x');
        peer.send('x', `${i}${letter.repeat(1_500_000)}`);
        const [data] = await got;
        if (i % 2 === 0) kept.push(data);
      }
      await server.stop({ disconnect: true });
      gc();
    }
    const expected = ['a', 'é', '€'].flatMap((letter) =>
      ['0', '2'].map((i) => i + letter.repeat(1_500_000)),
    );
    expect(kept.every((data, i) => data === expected[i])).toBe(true);
  });

  const broken = [
    '{"type":"a","data":}',
    '{"type":"a","data":"}',
    '{"type":"a","data":"a"b"}',
    '{"type":"a","data":"\t"}',
    '{"type":"a","data":1}}',
    '{"type":"a","data":1,}',
    '{"type":"a","data":1',
    '{"type":"a\n","data":1}',
  ];

  test.each(broken)('%j is an error, and the frames beside it are not', async (frame) => {
    const got = await received((peer) => peer.writeFrames(frames[0], frame, frames[0]));
    expect(got).toEqual([
      ['a', 1],
      ['error', expect.objectContaining({ response: frame })],
      ['a', 1],
    ]);
    const [alone] = await received((peer) => peer.writeFrames(frame));
    expect(alone).toEqual(['error', expect.objectContaining({ response: frame })]);
  });
});

describe('a broadcast, which is made once for all (K15)', () => {
  async function serverAndPeers(count) {
    const at = await world.place('unix');
    const server = await world.serve(at);
    const peers = [];
    for (let i = 0; i < count; i++) {
      const connected = once(server, 'connect');
      const peer = await world.peer(at);
      peers.push({ peer, socket: (await connected)[0] });
    }
    return { server, peers };
  }

  const texts = async (peer, count) => {
    const got = [];
    while (got.length < count) got.push((await peer.message()).data);
    return got;
  };

  test('keeps its place among the messages to each socket of the same turn', async () => {
    const { server, peers } = await serverAndPeers(3);
    const long = 'long '.repeat(LONG / 5);
    const wide = { long: 'é'.repeat(LONG) };
    server.broadcast('x', 'first');
    server.emit(peers[0].socket, 'x', 'to 0');
    server.emit(peers[1].socket, 'x', 'to 1');
    server.broadcast('x', 'second');
    server.broadcast('x', long);
    server.emit(peers[2].socket, 'x', 'to 2');
    server.broadcast('x', wide);
    server.broadcast('x', 'third');
    server.broadcast('x', 'third');
    const common = ['second', long, wide, 'third', 'third'];
    expect(await texts(peers[0].peer, 7)).toEqual(['first', 'to 0', ...common]);
    expect(await texts(peers[1].peer, 7)).toEqual(['first', 'to 1', ...common]);
    common.splice(2, 0, 'to 2');
    expect(await texts(peers[2].peer, 7)).toEqual(['first', ...common]);
  });

  test.each([1, 3])('of more than a turn collects, to %d', async (count) => {
    const { server, peers } = await serverAndPeers(count);
    const sent = Array.from({ length: 500 }, (_, i) => `${i} `.repeat(100));
    for (const data of sent) server.broadcast('x', data);
    for (const { peer } of peers) expect(await texts(peer, sent.length)).toEqual(sent);
  });

  test('a broadcast by an error handler within a broadcast', async () => {
    const at = await world.place('unix');
    const server = await world.serve(at, { maxQueuedBytes: 256 * 1024 });
    const connected = once(server, 'connect');
    const stuck = await world.peer(at);
    await connected;
    stuck.socket.pause();
    const data = 'x'.repeat(LONG);
    while (server.broadcast('x', data));
    const joined = once(server, 'connect');
    const reader = await world.peer(at);
    await joined;
    let refused = 0;
    server.on('error', () => {
      if (++refused === 1) server.broadcast('inner', 'i'.repeat(LONG));
    });
    for (let i = 0; refused === 0; i++) server.broadcast('outer', `${i}`.repeat(LONG));
    server.broadcast('last', 1);
    const types = [];
    let message;
    do {
      message = await reader.message();
      types.push(message.type);
      const letters = new Set(String(message.data));
      expect(letters.has('i')).toBe(message.type === 'inner');
    } while (message.type !== 'last');
    expect(types).toContain('inner');
    expect(types).toContain('outer');
  });

  test('a socket that is closed in the same turn does not keep a broadcast from the others', async () => {
    const { server, peers } = await serverAndPeers(3);
    server.broadcast('x', 1);
    peers[1].socket.destroy();
    server.broadcast('x', 2);
    expect(await texts(peers[0].peer, 2)).toEqual([1, 2]);
    expect(await texts(peers[2].peer, 2)).toEqual([1, 2]);
  });

  test('clients get it as they get anything', async () => {
    const at = await world.place('unix');
    const server = await world.serve(at);
    const clients = [];
    for (let i = 0; i < 4; i++) clients.push((await world.meet(server, at)).client);
    const all = Promise.all(clients.map((client) => collect(client, 'x', 200)));
    const sent = Array.from({ length: 200 }, (_, i) => `message ${i}`);
    for (const data of sent) server.broadcast('x', data);
    for (const got of await all) expect(got).toEqual(sent);
  });
});

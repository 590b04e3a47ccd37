'use strict';
// Bytes of any kind at an end with serialization 'advanced': an error of its own for each, no more memory than the
// limit says, and the next message arrives. On both sides and all transports.

const { once } = require('../helpers/events');
const { framed, frameOf, greet, message, uint32, varint, written } = require('../helpers/values');
const { createWorld, TRANSPORTS } = require('../helpers/world');

const world = createWorld();
const advanced = { serialization: 'advanced' };

/** A raw peer that has greeted, of a server or a client. */
const sides = {
  async server(kind, config) {
    const place = await world.place(kind);
    const host = await world.serve(place, { ...advanced, ...config });
    const peer = await world.peer(place);
    await greet(peer);
    return { host, peer };
  },
  async client(kind, config) {
    const place = await world.place(kind);
    const raw = await world.rawServer(place);
    const host = world.dial(place, { ...advanced, ...config });
    const peer = await raw.next();
    await greet(peer);
    return { host, peer };
  },
};

const tags = (...parts) =>
  Buffer.concat(parts.map((part) => (Array.isArray(part) ? Buffer.from(part) : Buffer.from(part))));

/** A sparse array of this length, in a dozen bytes. */
const sparse = (length) => tags('a', varint(length), '@\0', varint(length));
const listOf = (count, one) =>
  tags('A', varint(count), ...Array(count).fill(one), '$\0', varint(count));

const INVALID = {
  'nothing at all': framed(Buffer.alloc(0)),
  'a length beyond the end': framed(Buffer.concat([uint32(100), written('x')])),
  'another version': framed(tags(uint32(5), [0xff, 14], '"', [0], '_')),
  'no type': frameOf([written(5), written(1)]),
  'no data': frameOf([written('x')]),
  'more than data': frameOf([written('x'), written(1), written(2)]),
  'bytes after the values': frameOf([written('x'), written(1)], Buffer.from('more')),
  JSON: framed(Buffer.from('{"type":"x","data":{}}')),
  'an unknown tag': message('x', tags('}')),
  'a string beyond the end': message('x', tags('"', varint(0xffffffff))),
  'a list beyond the end': message('x', tags('A', varint(0xffffffff))),
  'lists within lists, each as long as the rest': message(
    'x',
    tags(...Array.from({ length: 20_000 }, () => tags('A', varint(20_000)))),
  ),
  'a buffer beyond the end': message('x', tags('B', varint(0xffffffff))),
  'a view beyond the end': message('x', tags('\\', [0, 0], varint(0xffffffff))),
  'a detached view that is not there': message('x', tags('\\', [2, 0], varint(100))),
  'a view of no kind': message('x', tags('\\', [0, 99, 0])),
  'a host object of no kind': message('x', tags('\\', [77, 0, 0])),
  'a reference to nothing': message('x', tags('^', varint(1000))),
  'shared memory': message('x', tags('u', [0])),
  'what was transferred': message('x', tags('t', [0])),
  'a module': message('x', tags('w', [0])),
  'a shared object': message('x', tags('p', [0])),
  'flags of no expression': message('x', tags('R', '"', [1], 'a', varint(0xffff))),
  'an invalid expression': message('x', tags('R', '"', [1], '(', [0])),
  'an odd wide string': message('x', tags('c', [3], 'abc')),
  'a map of one': message('x', tags(';', written(1), ':', [1])),
  'a number that does not end': message('x', tags('I', [255, 255, 255, 255, 255, 255])),
  'an error of no kind': message('x', tags('r?.')),
  'an error whose stack is a number': message('x', tags('rs', written(5), '.')),
  'a hundred thousand lists': message('x', tags('A\x01'.repeat(100_000))),
  'fifty thousand lists with an end': message(
    'x',
    tags('A\x01'.repeat(50_000), '_', '$\0\x01'.repeat(50_000)),
  ),
};

const TOO_LARGE = {
  'two sparse arrays': message('x', listOf(2, sparse(32 * 1024 * 1024))),
  'a thousand of them': message('x', listOf(1000, sparse(30_000_000))),
  'a buffer that may grow to 4 GB': message('x', tags('~', [0], varint(0xffffffff))),
  'a hundred thousand buffers that may grow': message('x', listOf(100_000, tags('~', [0, 0]))),
  'a BigInt of 512 MB': message('x', tags('Z', varint(0x3fffffff))),
};

const cases = TRANSPORTS.flatMap((kind) => Object.keys(sides).map((side) => [kind, side]));

describe.each(cases)('%s: a %s', (kind, side) => {
  test('reports each frame that is not a message, and goes on', async () => {
    const { host, peer } = await sides[side](kind);
    const errors = [];
    host.on('error', (error) => errors.push(error));
    const types = [];
    host.on('*', (type) => type !== 'error' && types.push(type));
    const frames = [...Object.values(INVALID), ...Object.values(TOO_LARGE)];
    const done = once(host, 'done');
    for (const frame of frames) peer.write(frame);
    peer.write(message('done', written({ a: 1 })));
    expect((await done)[0]).toEqual({ a: 1 });
    const codes = errors.map(({ code }) => code);
    expect(codes).toEqual([
      ...Object.keys(INVALID).map(() => 'ERR_FERRIPC_INVALID_MESSAGE'),
      ...Object.keys(TOO_LARGE).map(() => 'ERR_FERRIPC_MESSAGE_TOO_LARGE'),
    ]);
    const { dropped, messagesReceived } = host.stats();
    expect(dropped).toMatchObject({
      invalid: Object.keys(INVALID).length,
      tooLarge: Object.keys(TOO_LARGE).length,
    });
    expect(messagesReceived).toBe(frames.length + 1);
    expect(types.filter((type) => type !== 'connect')).toEqual(['done']);
    expect({}.polluted).toBeUndefined();
  });

  test('a frame over the limit, and one that never ends', async () => {
    const { host, peer } = await sides[side](kind, { maxMessageBytes: 1000 });
    const errors = [];
    host.on('error', (error) => errors.push(error));
    const done = once(host, 'done');
    peer.write(message('x', written('y'.repeat(2000))));
    peer.write(message('x', sparse(1000))); // 8 bytes an element
    peer.write(message('done', written(Buffer.alloc(900).toString())));
    await done;
    const truncated = new Promise((resolve) => {
      host.on('error', ({ code }) => code === 'ERR_FERRIPC_TRUNCATED_MESSAGE' && resolve());
    });
    peer.write(message('x', written('abc')).subarray(0, -2));
    peer.socket.end();
    await truncated;
    expect(errors.map(({ code }) => code)).toEqual([
      'ERR_FERRIPC_MESSAGE_TOO_LARGE',
      'ERR_FERRIPC_MESSAGE_TOO_LARGE',
      'ERR_FERRIPC_TRUNCATED_MESSAGE',
    ]);
    expect(host.stats().dropped).toMatchObject({ tooLarge: 2, truncated: 1 });
  });
});

test('a length of 4 GB takes no memory', async () => {
  const { host, peer } = await sides.server('unix');
  const failed = once(host, 'error');
  const before = process.memoryUsage().rss;
  peer.write(uint32(0xffffffff));
  expect((await failed)[0]).toMatchObject({
    code: 'ERR_FERRIPC_MESSAGE_TOO_LARGE',
    length: 0xffffffff,
  });
  expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
});

'use strict';
// Whatever a peer of serialization 'advanced' passes beside its messages, the process goes on and keeps nothing of it. The
// peer is written by hand, in Python, which can pass descriptors.

const { spawnSync } = require('node:child_process');
const { createHash, randomBytes } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { once, collect } = require('../helpers/events');
const { onLinux, onNative } = require('../helpers/platform');
const { Python } = require('../helpers/python');
const { message, uint32, varint, written } = require('../helpers/values');
const { createWorld, unixPlace } = require('../helpers/world');
const { PYTHON } = require('../../scripts/python');

const world = createWorld();
const advanced = { serialization: 'advanced' };
const MB = 1024 * 1024;
const SPLIT = 0x80000000;

const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');
const descriptors = () => fs.readdirSync('/proc/self/fd').length;

const hasPython = spawnSync(PYTHON, ['-c', 'import os; os.memfd_create']).status === 0;
const { describe: onEngine } = onNative;
const withPython = onLinux.describe === describe && hasPython ? onEngine : describe.skip;

withPython('a peer that passes descriptors', () => {
  /** A frame that says that `length` bytes are beside it: a Buffer. */
  function split(length) {
    const frame = message(
      'x',
      Buffer.concat([Buffer.from('\\'), varint(2), varint(0), varint(length)]),
    );
    frame.writeUInt32BE((frame.readUInt32BE(4) | SPLIT) >>> 0, 4);
    return frame.toString('hex');
  }

  const content = randomBytes(1000).toString('hex');
  const done = message('done', written(1)).toString('hex');

  async function serve(config, says = 1) {
    const at = world.file();
    const server = await world.serve(unixPlace(at), { ...advanced, ...config });
    const errors = [];
    server.on('error', ({ code }) => errors.push(code));
    const python = new Python(world, path.join(__dirname, 'memory_peer.py'));
    const connected = once(server, 'connect');
    const said = await python.call('connect', at, says);
    expect(said).toContain('"memory":1');
    const [socket] = await connected;
    const before = descriptors();
    return { server, socket, python, errors, before };
  }

  test('is understood, and understands', async () => {
    const { server, socket, python } = await serve();
    const arrived = once(server, 'x');
    await python.call('send', split(1000), 'memory', content);
    expect((await arrived)[0].toString('hex')).toBe(content);
    const view = Buffer.alloc(2 * MB, 'v');
    server.emit(socket, 'x', view);
    const frame = split(view.length);
    const [head, memory] = await python.call('receive', frame.length / 2);
    expect(head).toBe(frame);
    expect(memory).toHaveLength(1);
    expect(hash(Buffer.from(memory[0][0], 'hex'))).toBe(hash(view));
    expect(memory[0][1] & 0xf).toBe(0xf);
  });

  test('gets bytes if it has not said that it can', async () => {
    const { server, socket, python } = await serve({}, 0);
    server.emit(socket, 'x', Buffer.alloc(2 * MB, 'v'));
    const frame = message(
      'x',
      Buffer.concat([Buffer.from('\\'), varint(2), varint(0), varint(2 * MB)]),
    );
    const [bytes, memory] = await python.call('receive', frame.length + 2 * MB);
    expect(Buffer.from(bytes, 'hex').readUInt32BE(0)).toBe(frame.length - 4 + 2 * MB);
    expect(memory).toEqual([]);
  });

  test('cannot pass any, if it has said that it cannot', async () => {
    const { server, python, errors, before } = await serve({}, 0);
    const arrived = once(server, 'done');
    await python.call('send', split(1000), 'memory', content);
    await python.call('send', done, 'file');
    await arrived;
    expect(errors).toEqual(['ERR_FERRIPC_INVALID_MESSAGE']);
    expect(descriptors()).toBe(before);
  });

  const kinds = [
    'unsealed',
    'writable',
    'shrinking',
    'growing',
    'sparse',
    'hidden',
    'empty',
    'file',
    'device',
    'pipe',
    'socket',
  ];
  test('that are not sealed memory: an error for each, and it goes on', async () => {
    const { server, python, errors, before } = await serve();
    const expected = [];
    for (const kind of [...kinds, 'huge']) {
      if (kind === 'huge' && !(await python.call('can_have_huge_pages'))) continue;
      const arrived = once(server, 'x');
      const size = kind === 'huge' ? 2 * MB : 1000;
      await python.call('send', split(size), kind, content);
      await python.call('send', split(1000), 'memory', content);
      expect((await arrived)[0].toString('hex')).toBe(content);
      expected.push('ERR_FERRIPC_INVALID_MESSAGE');
      expect(errors).toEqual(expected);
    }
    while (descriptors() > before) await new Promise(setImmediate); // another thread closes them
    expect(server.stats().dropped.invalid).toBe(expected.length);
  });

  test('that are none, too many, of another length: an error for each, and it goes on', async () => {
    const { server, python, errors, before } = await serve({ maxMessageBytes: 2000 });
    const wrong = [
      [split(1000)],
      [split(1000), 'memory', content, 2],
      [split(1000), 'memory', content, 100],
      [split(1000), 'file', '', 3],
      [split(999), 'memory', content],
      [split(1001), 'memory', content],
      [split(0), 'memory', content],
    ];
    for (const args of wrong) await python.call('send', ...args);
    const large = randomBytes(2000).toString('hex');
    await python.call('send', split(2000), 'memory', large);
    const arrived = once(server, 'x');
    await python.call('send', split(1000), 'memory', content);
    expect((await arrived)[0].toString('hex')).toBe(content);
    expect(errors).toEqual([
      ...wrong.map(() => 'ERR_FERRIPC_INVALID_MESSAGE'),
      'ERR_FERRIPC_MESSAGE_TOO_LARGE',
    ]);
    while (descriptors() > before) await new Promise(setImmediate);
  });

  test('with little memory in each: it is copied, as a process has few mappings', async () => {
    const { server, python } = await serve();
    const arrived = collect(server, 'x', 100);
    for (let index = 0; index < 100; index++) {
      await python.call('send', split(1000), 'memory', content);
    }
    for (const got of await arrived) expect(got.toString('hex')).toBe(content);
    expect(fs.readFileSync('/proc/self/maps', 'latin1')).not.toContain('memfd:peer');
  });

  test('with the same memory in each, which the program keeps: V8 has mappings left', async () => {
    const { server, python } = await serve();
    const [size, count] = [256 * 1024, 16_500];
    const arrived = collect(server, 'x', count);
    await python.call('flood', split(size), size, count);
    const kept = await arrived;
    const maps = fs.readFileSync('/proc/self/maps', 'latin1').split('memfd:peer').length - 1;
    expect(maps).toBeLessThan(16_400);
    expect(kept.every(({ length }) => length === size)).toBe(true);
  });

  test('with much memory in each of many: timers are not kept waiting', async () => {
    const { server, socket, python } = await serve();
    const [size, count] = [MB, 100];
    let came = 0;
    const before = new Promise((resolve) => {
      server.once('x', () => {
        setTimeout(() => resolve(came), 1);
        for (const until = Date.now() + 3; Date.now() < until;);
      });
    });
    server.on('x', () => came++);
    const all = collect(server, 'x', count);
    socket.pause();
    await python.call('flood', split(size), size, count);
    socket.resume();
    expect(await before).toBeLessThan(10);
    await all;
  });

  test('beside a message that is too large: the next one does not get it', async () => {
    const { server, python, errors, before } = await serve({ maxMessageBytes: 2000 });
    const arrived = once(server, 'x');
    await python.call('send', uint32(2001).toString('hex'), 'memory', '00'.repeat(1000));
    await python.call('send', `80${'00'.repeat(2000)}${split(1000).slice(0, 2)}`);
    await python.call('send', split(1000).slice(2), 'memory', content);
    expect((await arrived)[0].toString('hex')).toBe(content);
    expect(errors).toEqual(['ERR_FERRIPC_MESSAGE_TOO_LARGE']);
    expect(descriptors()).toBe(before);
  });

  test('with parts of a frame: it is put together', async () => {
    const { server, python } = await serve();
    const frame = split(1000);
    const arrived = collect(server, 'x', 3);
    for (const cut of [2, 10, 20]) {
      await python.call('send', frame.slice(0, cut), 'memory', content);
      await python.call('send', frame.slice(cut));
    }
    for (const got of await arrived) expect(got.toString('hex')).toBe(content);
  });

  test.each([
    ['beside a message that has none', [[done, 'memory', content]]],
    [
      'in a frame, again and again',
      [
        [uint32(100).toString('hex'), 'memory', content],
        ...Array(5).fill(['00', 'memory', content]),
      ],
    ],
  ])('%s: the connection ends with an error', async (_, sends) => {
    const { server, socket, python, errors, before } = await serve();
    const closed = once(socket, 'close');
    for (const args of sends) await python.call('send', ...args);
    await closed;
    expect(errors).toEqual(['ERR_FERRIPC_INVALID_MESSAGE']);
    expect(await python.call('end')).not.toBe(false);
    while (descriptors() >= before) await new Promise(setImmediate);
    expect(server.sockets).toEqual([]);
  });

  test('in a frame that never ends: they count, and are closed with the connection', async () => {
    const { server, socket, python, errors, before } = await serve({ maxBufferedBytes: 100_000 });
    const closed = once(socket, 'close');
    await python.call(
      'send',
      uint32(100).toString('hex'),
      'memory',
      randomBytes(200_000).toString('hex'),
    );
    await closed;
    expect(errors).toEqual(['ERR_FERRIPC_TOO_MUCH_BUFFERED']);
    expect(descriptors()).toBeLessThan(before + 1);
    expect(server.sockets).toEqual([]);
  });
});

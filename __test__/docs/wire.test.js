'use strict';
// The test vectors of docs/wire-format.md (docs/vectors) against ferripc's sockets in both directions, the old
// packages, and the Python program in that document. The engine's decoder reads them in tests/vectors.rs.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { datagramPeer } = require('../helpers/datagrams');
const { once } = require('../helpers/events');
const { createWorld } = require('../helpers/world');
const { parse, root } = require('./markdown');
const { has } = require('./project');
const { defaultPath } = require('../../src/js/node-ipc/paths');
const { systemPath } = require('../../src/js/sockets/paths');

const world = createWorld();

const read = (name) =>
  JSON.parse(fs.readFileSync(path.join(root, 'docs', 'vectors', `${name}.json`), 'utf8')).cases;
const [encoding, decoding, datagrams, paths] = ['encode', 'decode', 'datagrams', 'paths'].map(read);

const bytesOf = (hex) => Buffer.from(hex, 'hex');

/** What handlers are to see, from `expect` of a case: messages, and errors as `recorded` writes them. */
function events({ expect: expected }) {
  return expected.map((one) => {
    if (one.message) return { type: one.message.type, data: one.message.data };
    const text = one.frame === undefined ? undefined : bytesOf(one.frame).toString('utf8');
    if (one.tooLarge) return { error: 'ERR_FERRIPC_MESSAGE_TOO_LARGE', length: one.tooLarge };
    if (one.truncated) return { error: 'ERR_FERRIPC_TRUNCATED_MESSAGE', length: one.truncated };
    if (one.error === 'not JSON') return { error: 'Invalid JSON response format', text };
    return { error: 'ERR_FERRIPC_INVALID_MESSAGE', text };
  });
}

/** An event of a client or server, in the form of `events`. */
function recorded(type, data) {
  if (type !== 'error' || !data?.message) return { type, data };
  const { code, message, response, length } = data;
  return { error: code ?? message, text: response, length };
}

/** A list that `bus` fills with its events, and a promise of the moment in which it has `count`. */
function listen(bus, count) {
  const seen = [];
  const all = new Promise((resolve) => {
    bus.on('*', (type, data) => seen.push(recorded(type, data)) === count && resolve());
  });
  return { seen, all };
}

/** Ways to cut the bytes of a case. */
function cuts({ chunks }) {
  const whole = Buffer.concat(chunks.map(bytesOf));
  return [chunks.map(bytesOf), [whole], [...whole].map((byte) => Buffer.of(byte))];
}

async function write(socket, chunks, end) {
  for (const chunk of chunks) {
    await new Promise((resolve) => socket.write(chunk, resolve));
    await new Promise(setImmediate);
  }
  if (end) socket.end();
}

const settings = ({ delimiter, maxMessageBytes }) =>
  Object.fromEntries(
    Object.entries({ delimiter, maxMessageBytes }).filter(([, value]) => value !== undefined),
  );

describe('ferripc reads', () => {
  test.each(decoding)('as a server: $name', async (vector) => {
    const place = await world.place('unix');
    const server = await world.serve(place, settings(vector));
    for (const chunks of cuts(vector)) {
      const connected = once(server, 'connect');
      const peer = await world.peer(place);
      await connected;
      const { seen, all } = listen(server, vector.expect.length);
      const gone = vector.end && once(server, 'socket.disconnected');
      await write(peer.socket, chunks, vector.end);
      await all;
      expect(seen).toEqual(events(vector));
      await gone;
      server.off('*', '*');
    }
  });

  test.each(decoding)('as a client: $name', async (vector) => {
    const place = await world.place('unix');
    const raw = await world.rawServer(place);
    for (const chunks of cuts(vector)) {
      const client = await world.connect(place, { ...settings(vector), maxRetries: 0 });
      const peer = await raw.next();
      const { seen, all } = listen(client, vector.expect.length);
      await write(peer.socket, chunks, vector.end);
      await all;
      expect(seen.slice(0, vector.expect.length)).toEqual(events(vector));
    }
  });

  test.each(datagrams)('datagrams: $name', async (vector) => {
    const ipc = world.ipc();
    ipc.serveNet('127.0.0.1', '0', 'udp4');
    await ipc.server.start();
    const peer = await datagramPeer(world);
    const { seen, all } = listen(ipc.server, vector.expect.length);
    for (const datagram of vector.datagrams) await peer.send(ipc.server, bytesOf(datagram));
    await all;
    expect(seen).toEqual(events(vector));
  });
});

describe('ferripc writes', () => {
  const args = ({ type, ...rest }) => ('data' in rest ? [type, rest.data] : [type]);
  const written = encoding.map(({ bytes }) => bytes);
  const frames = async (peer) => {
    const all = [];
    for (let i = 0; i < encoding.length; i++) {
      all.push(Buffer.from(`${await peer.frame()}\f`).toString('hex'));
    }
    return all;
  };

  test('as a server', async () => {
    const place = await world.place('unix');
    const server = await world.serve(place);
    const connected = once(server, 'connect');
    const peer = await world.peer(place);
    const [socket] = await connected;
    for (const vector of encoding) server.emit(socket, ...args(vector));
    expect(await frames(peer)).toEqual(written);
  });

  test('as a client', async () => {
    const place = await world.place('unix');
    const raw = await world.rawServer(place);
    const client = await world.connect(place);
    for (const vector of encoding) client.emit(...args(vector));
    expect(await frames(await raw.next())).toEqual(written);
  });

  test('datagrams', async () => {
    const ipc = world.ipc();
    ipc.serveNet('127.0.0.1', '0', 'udp4');
    await ipc.server.start();
    const peer = await datagramPeer(world);
    const to = { address: '127.0.0.1', port: peer.port };
    for (const vector of encoding) {
      ipc.server.emit(to, ...args(vector));
      expect((await peer.next()).bytes.toString('hex')).toBe(vector.bytes);
    }
  });
});

describe('requests', () => {
  const cases = read('requests');
  const handlers = {
    echo: (data) => data,
    nothing: () => {},
    wait: () => new Promise(() => {}),
    fail() {
      throw Object.assign(new TypeError('no'), { code: 'E_NO' });
    },
  };
  const sides = {
    async server() {
      const place = await world.place('unix');
      const host = await world.serve(place);
      const connected = once(host, 'connect');
      const peer = await world.peer(place);
      const [socket] = await connected;
      return { host, peer, ask: (...args) => host.request(socket, ...args) };
    },
    async client() {
      const place = await world.place('unix');
      const raw = await world.rawServer(place);
      const host = await world.connect(place);
      return { host, peer: await raw.next(), ask: (...args) => host.request(...args) };
    },
  };
  const both = (kind) =>
    Object.keys(sides).flatMap((side) =>
      cases.filter((one) => one.kind === kind).map((one) => [side, one.name, one]),
    );

  test.each(both('answer'))('a %s answers: %s', async (side, _, { received, sent }) => {
    const { host, peer } = await sides[side]();
    for (const [type, handler] of Object.entries(handlers)) host.handle(type, handler);
    peer.write(Buffer.concat(received.map(bytesOf)));
    for (const hex of sent) {
      expect(Buffer.from(`${await peer.frame()}\f`).toString('hex')).toBe(hex);
    }
  });

  test.each(both('outcome'))('a %s is answered: %s', async (side, _, { reply, outcome }) => {
    const { peer, ask } = await sides[side]();
    const settled = ask('type', 'data').then(
      (value) => ({ value }),
      ({ name, message, code }) => ({ error: { name, message, code } }),
    );
    const { type, data } = await peer.message();
    expect([type, data]).toEqual(['ferripc:request', { id: 1, type: 'type', data: 'data' }]);
    peer.send('ferripc:reply', { id: data.id, ...reply });
    expect(await settled).toEqual(outcome);
  });
});

test.each(paths)('the default path $path', (vector) => {
  expect(defaultPath(vector, vector.id)).toBe(vector.path);
  expect(systemPath(vector.path, 'linux')).toBe(vector.path);
  expect(systemPath(vector.path, 'win32')).toBe(vector.pipe);
});

describe.each(['9', '10', '14'])('node-ipc %s', (version) => {
  const same = (vectors) => vectors.filter(({ nodeIpc }) => nodeIpc.includes(version));
  const toRead = same(decoding);
  const toWrite = same(encoding);

  test(`reads and writes the same: ${toRead.length} and ${toWrite.length} vectors`, async () => {
    const place = await world.place('unix');
    const { path: at } = place.options;
    const types = toRead.flatMap((vector) => events(vector).map(({ type }) => type ?? 'error'));
    const child = world.child(path.join(__dirname, 'old-server.mjs'), {
      at,
      version,
      types: [...new Set(types)],
      messages: toWrite.map(({ type, data }) => ({ type, data })),
    });
    expect(await child.next()).toBe('listening');
    const peer = await world.peer(place);
    const wire = (vector) => Buffer.concat(vector.chunks.map(bytesOf));
    for (const vector of toRead) {
      peer.write(wire(vector));
      const seen = [];
      while (seen.length < vector.expect.length) seen.push(await child.next());
      expect(seen).toEqual(events(vector));
    }
    for (const [index, vector] of toWrite.entries()) {
      peer.send('write', { index });
      expect(Buffer.from(`${await peer.frame()}\f`).toString('hex')).toBe(vector.bytes);
    }
  });
});

test('the Python program of docs/wire-format.md reads and writes the vectors', () => {
  if (!has('python3')) return console.warn('skipped: python3 is not here');
  const [program] = parse('docs/wire-format.md').blocks.filter(({ notes }) =>
    notes.file?.endsWith('.py'),
  );
  const directory = world.tmp();
  fs.writeFileSync(path.join(directory, program.notes.file), program.text);
  const script = path.join(__dirname, 'vectors.py');
  const { status, stdout, stderr } = spawnSync(
    'python3',
    [script, path.join(root, 'docs', 'vectors')],
    {
      encoding: 'utf8',
      env: { ...process.env, PYTHONPATH: directory },
    },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const read = decoding.filter((one) => !one.delimiter && !one.maxMessageBytes && !one.end);
  expect(stdout).toBe(`${read.length} read, ${encoding.length} written\n`);
  return undefined;
});

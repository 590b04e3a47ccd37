'use strict';
// `ferripc tap`: what it shows of a server, on every transport. Who may read, and what the server notices: tap-server.test.js.

const fs = require('node:fs');
const path = require('node:path');
const { commandOf } = require('../helpers/command');
const { once } = require('../helpers/events');
const { onLinux, onUnix } = require('../helpers/platform');
const { tapsOf } = require('../helpers/taps');
const { TRANSPORTS, createWorld, freePort } = require('../helpers/world');

jest.setTimeout(120_000); // processes, on a busy machine

const world = createWorld();
const { start } = commandOf(world);
const { tapped, tapOf, tap } = tapsOf(world, start);

/** Bytes of a message on the wire, without its delimiter. */
const lengthOf = (type, data) => Buffer.byteLength(JSON.stringify({ type, data }));

onUnix.test(
  'data that is nested more deeply than JSON.stringify takes is shown as text',
  async () => {
    const place = await world.place('unix');
    const server = await world.serve(place, tapped({ payloads: true }));
    const running = await tap(server, ['--payloads', '--type', 'x']);
    const frame = `{"type":"x","data":${'['.repeat(20_000)}${']'.repeat(20_000)}}`;
    const peer = await world.peer(place);
    peer.writeFrames(frame, '{"type":"x","data":[[1]]}');
    const [deep, next] = await running.values(2);
    expect([deep.text, next.payload]).toEqual([frame, [[1]]]);
  },
);

onUnix.describe.each(TRANSPORTS)('of a server on %s', (kind) => {
  test('types, lengths, directions, connections and payloads', async () => {
    const place = await world.place(kind);
    const server = await world.serve(place, tapped({ payloads: true }));
    server.on('question', (data, socket) => server.emit(socket, 'answer', [data.text]));
    expect(fs.statSync(tapOf(server)).mode & 0o777).toBe(0o600);
    const running = await tap(server, ['--payloads']);
    const client = await world.connect(place);
    const text = 'x'.repeat(100_000);
    const answered = once(client, 'answer');
    client.emit('question', { id: 'me', text: 'why\x1b?' });
    await answered;
    client.emit('long', text);
    client.leave();
    const [open, question, answer, long, close] = await running.values(5);
    const who = { connection: 1, peer: open.peer };
    expect(open.peer).toMatchObject(
      kind === 'unix' ? { uid: process.getuid() } : { address: '127.0.0.1' },
    );
    expect(Math.abs(Date.parse(open.time) - Date.now())).toBeLessThan(600_000);
    const rest = ({ time, ...facts }) => [typeof time, facts][1];
    expect(rest(open)).toEqual({ event: 'open', ...who });
    expect(rest(question)).toEqual({
      event: 'message',
      direction: 'in',
      type: 'question',
      bytes: lengthOf('question', { id: 'me', text: 'why\x1b?' }),
      ...who,
      payload: { id: 'me', text: 'why\x1b?' },
    });
    expect(rest(answer)).toEqual({
      event: 'message',
      direction: 'out',
      type: 'answer',
      bytes: lengthOf('answer', ['why\x1b?']),
      ...who,
      name: 'me',
      payload: ['why\x1b?'],
    });
    expect(rest(long)).toMatchObject({ type: 'long', bytes: lengthOf('long', text), cut: true });
    expect(long.text).toHaveLength(65_536);
    expect(rest(close)).toEqual({ event: 'close', hadError: false, ...who, name: 'me' });
    expect(running.stdout).not.toContain('\x1b');
    await server.stop({ disconnect: true });
    expect(await running.ended).toMatchObject({ code: 0, stderr: '' });
    expect(fs.existsSync(tapOf(server))).toBe(false);
  });
});

onUnix.test('of a server on UDP, whose peers have addresses', async () => {
  const ipc = world.ipc(tapped({ payloads: true }));
  ipc.serveNet('127.0.0.1', await freePort(), 'udp4');
  await ipc.server.start();
  const running = await tap(ipc.server, ['-p', '-n', '2']);
  const other = world.ipc();
  other.serveNet('127.0.0.1', await freePort(), 'udp4');
  await other.server.start();
  ipc.server.on('hello', (data, peer) => ipc.server.emit(peer, 'welcome', 1));
  other.server.emit({ address: '127.0.0.1', port: ipc.server.port }, 'hello', { a: 1 });
  const peer = { address: '127.0.0.1', port: other.server.server.address().port };
  expect(await running.values(2)).toMatchObject([
    { direction: 'in', type: 'hello', peer, payload: { a: 1 } },
    { direction: 'out', type: 'welcome', peer, payload: 1 },
  ]);
  expect(await running.ended).toMatchObject({ code: 0 });
});

onUnix.test('in raw mode: bytes', async () => {
  const place = await world.place('unix');
  const server = await world.serve(place, { ...tapped({ payloads: true }), rawBuffer: true });
  const running = await tap(server, ['-p', '-n', '1']);
  const peer = await world.peer(place);
  peer.socket.write(Buffer.from([0, 255]));
  const [, message] = await running.values(2);
  expect(message).toMatchObject({ event: 'message', type: null, bytes: 2, base64: 'AP8=' });
});

onUnix.test('of values as they are: as Node shows them', async () => {
  const place = await world.place('unix');
  const values = { serialization: 'advanced' };
  const server = await world.serve(place, { ...tapped({ payloads: true }), ...values });
  server.on('put', (data, socket) => server.emit(socket, 'got', new Set([data.get('size')])));
  const running = await tap(server, ['-p', '-n', '4']);
  const client = await world.connect(place, values);
  client.emit('put', new Map([['size', 5n]]));
  client.emit('long', 'x'.repeat(100_000));
  client.emit('large', Buffer.alloc(2 << 20));
  const [, put, got, long, large] = await running.values(5);
  const at = { connection: 1, peer: put.peer, event: 'message', time: expect.any(String) };
  const size = { bytes: expect.any(Number) };
  expect(put).toEqual({
    ...at,
    ...size,
    direction: 'in',
    type: 'put',
    text: "Map(1) { 'size' => 5n }",
  });
  expect(got).toEqual({ ...at, ...size, direction: 'out', type: 'got', text: 'Set(1) { 5n }' });
  expect(long).toMatchObject({ type: 'long', text: expect.stringContaining('more characters') });
  expect(large).toEqual({ ...at, ...size, direction: 'in', type: 'large', cut: true });
});

onUnix.test.each(['', 'tokio'])('for people, several at once (driver: %j)', async (driver) => {
  const env = { FERRIPC_DRIVER: driver };
  const file = world.file();
  const server = start(['serve', file, '--echo', '--quiet', '--tap'], { env });
  await server.says('listening');
  const [one, other, third] = [
    start(['tap', file, '-n', '2'], { env }),
    start(['tap', file, '-p', '--type', 'b*', '--type', '?', '-n', '2'], { env }),
    start(['tap', file, '--type', 'never'], { env }),
  ];
  await Promise.all([one, other, third].map((it) => it.says(`, unix ${file}, connections: 0\n`)));
  const client = await world.connect({ connectTo: (ipc, id) => ipc.connectTo(id, file) });
  const back = once(client, 'b\x1b[2J');
  client.emit('a1', 1);
  client.emit('b\x1b[2J', { text: '\x9b' });
  await back;
  const time = String.raw`\d\d:\d\d:\d\d\.\d{3}`;
  const lines = (await one.ended).stdout.trim().split('\n');
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(new RegExp(`^${time}  open  #1 pid ${process.pid}$`));
  expect(lines[1]).toMatch(new RegExp(`^${time}  in {3}#1 pid ${process.pid}  a1  \\d+ B$`));
  expect(lines[2]).toMatch(new RegExp(`^${time}  out  #1 pid ${process.pid}  a1  \\d+ B$`));
  const seen = (await other.ended).stdout.trim().split('\n');
  const bytes = lengthOf('b\x1b[2J', { text: '\x9b' });
  expect(seen.map((line) => line.replace(/.* {2}b/, 'b'))).toEqual([
    `b\\u001b[2J  ${bytes} B  {"text":"\\u009b"}`,
    `b\\u001b[2J  ${bytes} B  {"text":"\\u009b"}`,
  ]);
  expect(await third.kill('SIGINT')).toMatchObject({ code: 0, stdout: '' });
  const last = start(['tap', file], { env });
  await last.says('connections: 1');
  await server.kill('SIGKILL');
  expect(await last.ended).toMatchObject({ code: 1, stderr: expect.stringContaining('is gone') });
});

onLinux.test('in a cluster each worker has one, and all are shown', async () => {
  const child = world.child(path.join(__dirname, 'tapped.js'), [world.file(), 'cluster']);
  const file = await child.next();
  const running = start(['tap', file, '--json', '--type', 'from *', '-n', '2']);
  const facts = await running.values(2);
  expect(new Set(facts.map(({ pid }) => pid)).size).toBe(2);
  // The primary gives them to the workers in turns.
  const place = { connectTo: (ipc, id) => ipc.connectTo(id, file) };
  const clients = [await world.connect(place), await world.connect(place)];
  for (const client of clients) client.emit('who');
  const types = (await running.values(2)).map(({ type }) => type);
  expect(types.sort()).toEqual(['from 1', 'from 2']);
  expect(await running.ended).toMatchObject({ code: 0 });
});

'use strict';
// What docs/reliability.md promises: that each sentence has its test, and the tests that no other suite had.

const fs = require('node:fs');
const path = require('node:path');
const { createWorld, TRANSPORTS } = require('./helpers/world');
const { once, record } = require('./helpers/events');

const world = createWorld();
const root = path.join(__dirname, '..');

test('each test that docs/reliability.md names is there', () => {
  const text = fs
    .readFileSync(path.join(root, 'docs', 'reliability.md'), 'utf8')
    .replace(/\n(?=[a-z])/g, ' ');
  const named = [
    ...text.matchAll(/([a-z-]+\.test\.js): ([^|;.]+(?:; nothing is lost|; never what is in it)?)/g),
  ];
  expect(named.length).toBeGreaterThan(20);
  const folders = [
    '',
    'fuzz',
    'parsers',
    'ipcio',
    'ipc2',
    'pixivutil2',
    'mqueue',
    'appview',
    'scale',
    'serialization',
  ];
  const places = folders.map((it) => path.join(__dirname, it));
  for (const [, file, name] of named) {
    const found = places.map((it) => path.join(it, file)).filter((it) => fs.existsSync(it));
    const isThere = found.some((it) => fs.readFileSync(it, 'utf8').includes(name.trim()));
    expect([file, name.trim(), isThere]).toEqual([file, name.trim(), true]);
  }
});

test('each test and number of the Rust sources that docs/reliability.md names is there', () => {
  const text = fs.readFileSync(path.join(root, 'docs', 'reliability.md'), 'utf8');
  const named = [...text.matchAll(/`([A-Za-z]+(?:_[A-Za-z]+)+|[A-Z]{4,})`,\s+in\s+(\w+\.rs)/g)];
  expect(named.length).toBeGreaterThan(8);
  const sources = ['src', 'tests'].flatMap((folder) => {
    const all = fs.readdirSync(path.join(root, folder), { recursive: true });
    return all.filter((it) => it.endsWith('.rs')).map((it) => path.join(root, folder, it));
  });
  for (const [, name, file] of named) {
    const isThere = sources
      .filter((it) => path.basename(it) === file)
      .some((it) => new RegExp(`(fn|const) ${name}\\b`).test(fs.readFileSync(it, 'utf8')));
    expect([file, name, isThere]).toEqual([file, name, true]);
  }
});

describe.each(TRANSPORTS)('%s', (kind) => {
  test('what a server says to one and to all arrives once, in order', async () => {
    const place = await world.place(kind);
    const server = await world.serve(place);
    const clients = [];
    for (let n = 0; n < 3; n++) {
      const came = once(server, 'connect');
      const client = await world.connect(place);
      const numbers = [];
      client.on('n', (number) => numbers.push(number));
      clients.push({ client, numbers, socket: (await came)[0], expected: [] });
    }
    let next = 0;
    for (let round = 0; round < 100; round++) {
      server.broadcast('n', next);
      for (const { expected } of clients) expected.push(next);
      next++;
      for (const { socket, expected } of clients) {
        server.emit(socket, 'n', next);
        expected.push(next++);
      }
      // More than fits into any buffer.
      if (round === 50) server.broadcast('large', 'x'.repeat(3_000_000));
    }
    const ends = clients.map(({ client }) => once(client, 'end of it'));
    server.broadcast('end of it');
    await Promise.all(ends);
    for (const { numbers, expected } of clients) expect(numbers).toEqual(expected);
  });

  test('each message arrives once, in order, over connections that come and go', async () => {
    const place = await world.place(kind);
    const server = await world.serve(place);
    const numbers = [];
    server.on('n', (n) => numbers.push(n));
    let next = 0;
    for (let visit = 0; visit < 5; visit++) {
      const client = await world.connect(place);
      // Each of a burst, and some that do not fit into any buffer.
      for (let i = 0; i < 200; i++) client.emit('n', next++);
      client.emit('large', 'x'.repeat(3_000_000));
      for (let i = 0; i < 200; i++) client.emit('n', next++);
      const left = once(server, 'socket.disconnected');
      client.leave();
      await left;
    }
    expect(numbers).toEqual(Array.from({ length: next }, (_, i) => i));
  });

  test('a peer that dies takes with it what it had not read, and the end is told', async () => {
    const place = await world.place(kind);
    const raw = await world.rawServer(place);
    const client = await world.connect(place);
    const events = record(client);
    const peer = await raw.next();
    peer.socket.pause();
    const accepted = Array.from({ length: 50 }, (_, n) => client.emit('n', n));
    expect(accepted).toEqual(Array(50).fill(true));
    peer.socket.destroy();
    await once(client, 'connect');
    const again = await raw.next();
    client.emit('after', 1);
    // None of them is sent again.
    expect(await again.message()).toEqual({ type: 'after', data: 1 });
    expect(events.map(([type]) => type)).toContain('disconnect');
  });
});

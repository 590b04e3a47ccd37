'use strict';
// Socket files of the JavaScript engine: several servers that want the path of a dead one at the same moment.

const fs = require('node:fs');
const net = require('node:net');
const { SocketFile, findDead } = require('../src/js/engine/js/socket-file');
const { once } = require('./helpers/events');
const { onUnix } = require('./helpers/platform');
const { createWorld } = require('./helpers/world');

const world = createWorld();

afterEach(() => jest.restoreAllMocks());

/** A socket's file that nobody listens on. */
async function deadFile() {
  const path = world.socketPath();
  const server = net.createServer().listen(`${path}-`);
  await once(server, 'listening');
  fs.renameSync(`${path}-`, path);
  server.close();
  await once(server, 'close');
  return path;
}

/** A server that listens beside its path. */
async function listening(path) {
  const file = new SocketFile({ path, claim: 'stale', addMode: 0 });
  const server = net.createServer().listen(file.beside);
  world.after(() => server.close());
  await once(server, 'listening');
  return { file, id: fs.lstatSync(file.beside).ino };
}

const found = (path) => new Promise((resolve) => findDead({ path, claim: 'stale' }, resolve));

onUnix.test('threads, which have the same process, choose different names', () => {
  const path = world.socketPath();
  const names = [0, 1, 2].map(() => {
    jest.resetModules();
    const own = require('../src/js/engine/js/socket-file'); // as each thread has it
    return new own.SocketFile({ path, claim: 'stale', addMode: 0 }).beside;
  });
  expect(new Set(names).size).toBe(3);
});

onUnix.test('one of them has it, and the others are told that it is in use', async () => {
  const path = await deadFile();
  const dead = await found(path);
  const servers = await Promise.all([path, path, path].map(listening));
  const [first, second, third] = servers;
  const took = new Map();
  const take = (one, seen) => {
    if (took.has(one)) return;
    took.set(one, 'on its way');
    took.set(one, one.file.publish(seen));
  };
  const { renameSync, linkSync } = fs;
  // The second takes the path after the first has looked at it, and the third when nothing is there.
  jest.spyOn(fs, 'renameSync').mockImplementation((from, to) => {
    take(second, dead);
    renameSync(from, to);
  });
  jest.spyOn(fs, 'linkSync').mockImplementation((from, to) => {
    if (!servers.some(({ file }) => file.beside === from)) take(third, null);
    linkSync(from, to);
  });
  take(first, dead);
  take(third, null);
  const winners = servers.filter((one) => took.get(one) === null);
  expect(winners.map(({ id }) => id)).toEqual([fs.lstatSync(path).ino]);
  for (const one of servers) {
    if (!winners.includes(one)) expect(took.get(one)).toMatchObject({ code: 'EADDRINUSE' });
  }
  expect(fs.readdirSync(world.tmp())).toHaveLength(1);
});

onUnix.test(
  'a lock that a killed process has left behind is in nobody’s way for long',
  async () => {
    const path = await deadFile();
    const dead = await found(path);
    const lock = path.replace(/([^/]+)$/, '.$1.lock');
    const { file } = await listening(path);
    fs.linkSync(path, lock);
    expect(file.publish(dead)).toMatchObject({ code: 'EADDRINUSE' });
    fs.lutimesSync(lock, 0, 0);
    const late = await listening(path);
    expect(late.file.publish(await found(path))).toBe(null);
    expect(fs.lstatSync(path).ino).toBe(late.id);
    expect(fs.existsSync(lock)).toBe(false);
  },
);

onUnix.test.each([
  ['a file', (name) => fs.writeFileSync(name, 'of somebody’s')],
  ['a folder', (name) => fs.mkdirSync(name)],
  ['a link', (name) => fs.symlinkSync('nowhere', name)],
])('%s with the name of the lock stays, and is in nobody’s way', async (_, make) => {
  const path = await deadFile();
  const lock = path.replace(/([^/]+)$/, '.$1.lock');
  make(lock);
  const before = fs.lstatSync(lock);
  fs.lutimesSync(lock, 0, 0);
  const { file, id } = await listening(path);
  expect(file.publish(await found(path))).toBe(null);
  expect(fs.lstatSync(path).ino).toBe(id);
  expect(fs.lstatSync(lock).ino).toBe(before.ino);
});

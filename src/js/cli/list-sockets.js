'use strict';
// The sockets that `ferripc list` shows. Used by list.js.
//
// A path is alive if the kernel has a socket that was bound to it and listens. If it has none, that may be because the
// server took the path over from another one (it is known by a name beside, see docs/paths.md), was bound to a relative
// path or lives in another network namespace; then only connecting tells, and a dead socket refuses.

const fs = require('node:fs');
const path = require('node:path');
const { processes } = require('./list-processes');

const TAP = '.tap';

/** How long a server may take to accept, in ms. */
const PATIENCE = 3000;

/** How many connections are tried at a time. */
const AT_ONCE = 32;

const TABLE = '/proc/net/unix';

/** Of a line: flags, inode, and the name, if there is one. */
const ENTRY = /^\S+ \S+ \S+ (\S+) \S+ \S+ +(\d+) (.+)$/;

/** The flag of sockets that listen. */
const LISTENS = 0x10000;

/** Kinds of files that are not sockets. */
const KINDS = [
  ['isSymbolicLink', 'link'],
  ['isDirectory', 'folder'],
  ['isFile', 'file'],
];

/** Name -> inodes of the sockets that listen at it; abstract names begin with `@`. Null: the system does not say. */
function listening() {
  let text;
  try {
    text = fs.readFileSync(TABLE, 'utf8');
  } catch {
    return null;
  }
  const found = new Map();
  for (const line of text.split('\n').slice(1)) {
    const [, flags, inode, name] = ENTRY.exec(line) ?? [];
    if (name === undefined || !(parseInt(flags, 16) & LISTENS)) continue;
    found.set(name, [...(found.get(name) ?? []), inode]);
  }
  return found;
}

/**
 * Everything that begins with `prefix`, sorted by path. `onAsked(path)` is called for each live server that was
 * connected to.
 * @throws {Error} of the system, for a folder that cannot be read
 */
async function findSockets(prefix, { all, probe, appspace, onAsked }) {
  if (process.platform === 'win32') return pipes(prefix);
  const folder = path.dirname(`${prefix}x`);
  const begin = prefix.endsWith('/') ? '' : path.basename(prefix);
  const names = fs.readdirSync(folder).filter((name) => name.startsWith(begin));
  const known = listening();
  const taps = new Set();
  const found = [];
  for (const name of names) {
    const file = path.join(folder, name);
    const row = look(file, name.slice(begin.length));
    if (row === null || (row.state !== '' && !all)) continue;
    if (name.endsWith(TAP)) taps.add(file);
    found.push(row);
  }
  const sockets = found.filter(({ state }) => state === '');
  for (let i = 0; i < sockets.length; i += AT_ONCE) {
    const some = sockets.slice(i, i + AT_ONCE);
    await Promise.all(some.map((row) => judge(row, known, probe, onAsked)));
  }
  if (known !== null) found.push(...abstracts(known, prefix, appspace, all));
  const processOf = processes(found.flatMap(({ inodes }) => inodes));
  return merged(found, taps)
    .map(({ inodes, pid, ...row }) => {
      const its = inodes.map(processOf).find(Boolean);
      const { command = null, pid: server = pid } = its ?? {};
      return { ...row, pid: server, command };
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** What is at a path; null if nothing is any more. `state`: '' for a socket. */
function look(file, id) {
  let stat;
  try {
    stat = fs.lstatSync(file);
  } catch {
    return null;
  }
  const kind = KINDS.find(([is]) => stat[is]())?.[1] ?? 'other';
  return {
    id,
    state: stat.isSocket() ? '' : kind,
    path: file,
    abstract: false,
    uid: stat.uid,
    user: userOf(stat.uid),
    mode: (stat.mode & 0o7777).toString(8).padStart(4, '0'),
    since: stat.mtime.toISOString(),
    inodes: [],
    pid: null,
  };
}

async function judge(row, known, probe, onAsked) {
  row.inodes = known?.get(path.resolve(row.path)) ?? [];
  if (row.inodes.length > 0 && !probe) {
    row.state = 'alive';
    return;
  }
  const { state, pid } = await ask(row.path);
  Object.assign(row, { state, pid });
  if (state === 'alive') onAsked(row.path);
}

/** Whether nobody listens on the socket at a path. As for the list, a live server sees a connection only where it has to. */
async function isDead(file) {
  if (process.platform === 'win32') return false; // a pipe ends with its server
  const row = { path: file };
  await judge(row, listening(), false, () => {});
  return row.state === 'dead';
}

/** Connects, and disconnects at once. */
async function ask(file) {
  const IPC = require('../node-ipc/ipc');
  const ipc = new IPC();
  Object.assign(ipc.config, { silent: true, maxRetries: 0 });
  let timer;
  const over = new Promise((resolve) => {
    timer = setTimeout(() => resolve({ state: 'silent', pid: null }), PATIENCE);
  });
  try {
    const connected = ipc.connectTo('server', file).then((client) => {
      return { state: 'alive', pid: client.socket.peerCredentials?.pid || null };
    });
    return await Promise.race([connected, over]);
  } catch ({ code }) {
    const states = { ECONNREFUSED: 'dead', ENOENT: 'dead', EACCES: 'closed', EPERM: 'closed' };
    return { state: states[code] ?? 'unknown', pid: null };
  } finally {
    clearTimeout(timer);
    ipc.disconnect('server');
  }
}

/** A tap is a property of its server; without one, it stays a socket of its own. */
function merged(found, taps) {
  const alive = (file) => found.some((it) => it.path === file && it.state === 'alive');
  const owners = new Set(found.map((it) => it.path).filter((file) => !taps.has(file)));
  const ownerOf = (file) =>
    file.slice(0, -TAP.length).replace(/\.\d+$/, (digits, at, whole) => {
      return owners.has(whole) ? digits : '';
    });
  const tapped = new Set([...taps].filter(alive).map(ownerOf));
  return found
    .filter(({ path: file }) => !taps.has(file) || !owners.has(ownerOf(file)))
    .map((row) => ({ ...row, tap: tapped.has(row.path) }));
}

/** Abstract names, which only Linux has: those that look like ids' paths, or all. */
function abstracts(known, prefix, appspace, all) {
  const looks = (name) => name.startsWith(prefix) || name.startsWith(appspace);
  return [...known]
    .filter(([name]) => name.startsWith('@'))
    .map(([name, inodes]) => ({ name: name.slice(1).replace(/@+$/, ''), inodes }))
    .filter(({ name }) => all || (looks(name) && appspace !== ''))
    .map(({ name, inodes }) => ({
      id: null,
      state: 'alive',
      path: `@${name}`,
      abstract: true,
      uid: null,
      user: null,
      mode: null,
      since: null,
      inodes,
      pid: null,
    }));
}

/** A pipe exists as long as its server. */
function pipes(prefix) {
  const { systemPath } = require('../sockets/paths');
  const begin = systemPath(prefix);
  const folder = '\\\\.\\pipe\\';
  const found = fs
    .readdirSync(folder)
    .filter((name) => (folder + name).startsWith(begin))
    .map((name) => folder + name);
  const isTap = (name) => name.endsWith(TAP) && found.includes(name.slice(0, -TAP.length));
  return found
    .filter((name) => !isTap(name))
    .sort()
    .map((name) => ({
      id: name.slice(begin.length),
      state: 'alive',
      path: name,
      abstract: false,
      uid: null,
      user: null,
      mode: null,
      since: null,
      tap: found.includes(name + TAP),
      pid: null,
      command: null,
    }));
}

/** Its name, of those that are known without looking into files of the system; else its number. */
function userOf(uid) {
  if (uid === 0) return 'root';
  if (uid === process.getuid()) {
    try {
      return require('node:os').userInfo().username;
    } catch {
      // it has no name
    }
  }
  return String(uid);
}

module.exports = { findSockets, isDead };

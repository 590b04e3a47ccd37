'use strict';
// The files of Unix sockets, for the JavaScript engine: published, taken over and removed by the rules of
// src/engine/transport/socket_file.rs, as far as Node has the means. Used by acceptor.js and dial.js.
//
// A server listens at a name beside its path, and then puts that file at the path in one step. So the mode is right
// from the start, and a path that is taken over always has a listener. On close, libuv removes the name that it has
// bound, even if it is somebody else's file by then; this way it finds nothing.
//
// Node cannot lock a folder. So a server that takes over a dead socket's path has a second name for its own file
// meanwhile, which only one server at a time can have. It moves the dead file away, and checks what it has moved before it
// removes it: servers with the native engine, and those that take over from live ones, do not look at that name.

const net = require('node:net');
const { core, platform, process } = require('../../core');
const fs = core('fs');
const path = core('path');
const { LONGEST_PATH } = require('../platform');
const { failure, failureOf } = require('./errors');

/** How long a socket may take to show whether somebody listens, in ms. */
const PATIENCE = 1000;

/** Age at which a lock counts as left behind, in ms: it is held while a few files are renamed. */
const FORGOTTEN = 2000;

const isWindows = platform === 'win32';

let count = 0;

/** An error for a path that the system would refuse or cut off; null for others. */
function pathFault(syscall, name) {
  if (isWindows) return null;
  const isAbstract = name.startsWith('\0');
  const most = LONGEST_PATH + (isAbstract ? 1 : 0);
  const length = Buffer.byteLength(name);
  const where = { path: name };
  if (isAbstract && platform !== 'linux' && platform !== 'android') {
    return failure(syscall, 'EINVAL', where, 'abstract sockets exist on Linux only');
  }
  if (!isAbstract && name.includes('\0')) {
    return failure(syscall, 'EINVAL', where, 'the path contains a NUL byte');
  }
  if (length <= most) return null;
  return failure(syscall, 'ENAMETOOLONG', where, `${length} bytes, over the limit of ${most}`);
}

function look(name) {
  try {
    return fs.lstatSync(name, { bigint: true });
  } catch {
    return null;
  }
}

/** Whether both are the same file: one that is made where another was removed may get its number. */
function isSame(one, other) {
  return (
    one !== null &&
    other !== null &&
    one.dev === other.dev &&
    one.ino === other.ino &&
    one.mtimeNs === other.mtimeNs
  );
}

const KINDS = [
  ['isFile', 'a regular file'],
  ['isDirectory', 'a directory'],
  ['isSymbolicLink', 'a symbolic link'],
  ['isFIFO', 'a FIFO'],
];

/** What is at a path that is in use, if it is not a socket; undefined otherwise. */
function obstacle(name) {
  const found = look(name);
  if (found === null || found.isSocket()) return undefined;
  const [, kind] = KINDS.find(([is]) => found[is]()) ?? [null, 'a device'];
  return `the path is that of ${kind}, which is left alone`;
}

/** The failure of a `listen` that meets something at the path. */
function inUse(name) {
  return failure('listen', 'EADDRINUSE', { path: name }, obstacle(name));
}

/** Calls `done` with whether nobody listens on the socket at `name`. */
function isDead(name, done) {
  const socket = net.connect({ path: name });
  const finish = (dead) => {
    socket.removeAllListeners();
    socket.on('error', () => {});
    socket.destroy();
    done(dead);
  };
  socket.on('connect', () => finish(false));
  socket.on('timeout', () => finish(false));
  socket.on('error', ({ code }) => finish(code === 'ECONNREFUSED'));
  socket.setTimeout(PATIENCE);
}

/** The folder that a name is in. To the system, one that ends with a slash is a folder itself. */
const folderOf = (name) => (name.endsWith('/') ? name : path.dirname(name));

/**
 * A name beside `name` that nothing has, and that nobody else chooses meanwhile: a thread of this process, or a process
 * with the same number in another container.
 */
function nameBeside(name) {
  for (;;) {
    const chance = Math.random().toString(36).slice(2, 8);
    const own = `.${process.pid.toString(36)}.${(count++).toString(36)}${chance}`;
    const beside = path.join(folderOf(name), own);
    if (look(beside) === null) return beside;
  }
}

/**
 * A server's place at a path: `where` is what net.Server.listen takes. Then `publish` returns null, or what is wrong;
 * `remove` ends it.
 */
class SocketFile {
  #name;
  #claim;
  #addMode;
  #beside;
  /** The file that this server has made. */
  #own = null;

  constructor({ path: name, claim, addMode }) {
    this.#name = name;
    this.#claim = claim;
    this.#addMode = addMode;
    this.#beside = nameBeside(name);
  }

  /** Where to listen at first; null if there is no room for that. */
  get beside() {
    return Buffer.byteLength(this.#beside) > LONGEST_PATH ? null : this.#beside;
  }

  /** `dead`: what was found dead at the path, see `findDead`. */
  publish(dead) {
    try {
      if (this.#addMode)
        fs.chmodSync(this.#beside, fs.lstatSync(this.#beside).mode | this.#addMode);
      this.#own = look(this.#beside);
      return this.#place(dead) ? null : inUse(this.#name);
    } catch (error) {
      const { code } = error;
      // Somebody else's, in a directory like /tmp.
      if (code === 'EPERM' || code === 'EACCES') return inUse(this.#name);
      return failure('listen', code ?? 'UNKNOWN', { path: this.#name });
    } finally {
      fs.rmSync(this.#beside, { force: true }); // gone already after a renaming
    }
  }

  #place(dead) {
    if (this.#claim === 'takeover' && look(this.#name)?.isSocket()) {
      fs.renameSync(this.#beside, this.#name);
      return true;
    }
    if (this.#link()) return true;
    return dead !== null && this.#replace(dead);
  }

  /** Takes the place of a dead file, unless somebody else does. */
  #replace(dead) {
    const lock = path.join(path.dirname(this.#name), `.${path.basename(this.#name)}.lock`);
    const holds = this.#hold(lock);
    if (holds === false) return false;
    try {
      return isSame(look(this.#name), dead) && this.#removeDead(dead) && this.#link();
    } finally {
      if (holds) fs.rmSync(lock, { force: true });
    }
  }

  /** Whether this server has the lock, which is another name for the file that it has made. Null: nobody can have it. */
  #hold(lock) {
    try {
      fs.linkSync(this.#beside, lock);
    } catch (error) {
      if (error.code !== 'EEXIST') return null; // a file system without links
      const held = look(lock);
      if (held !== null && !held.isSocket()) return null; // it is somebody's file, and stays
      if (held !== null && Math.abs(Date.now() - Number(held.mtimeMs)) < FORGOTTEN) return false;
      fs.rmSync(lock, { force: true });
      return this.#hold(lock);
    }
    return true;
  }

  /** Puts the file at the path, if there is nothing. */
  #link() {
    try {
      fs.linkSync(this.#beside, this.#name);
      return true;
    } catch (error) {
      if (error.code === 'EEXIST') return false;
      // A file system without links.
      if (look(this.#name) !== null) return false;
      fs.renameSync(this.#beside, this.#name);
      return true;
    }
  }

  /** Whether the file at the path, which was found dead, is removed. Another one is put back. */
  #removeDead(dead) {
    const aside = nameBeside(this.#name);
    fs.renameSync(this.#name, aside);
    const isIt = isSame(look(aside), dead);
    try {
      if (!isIt) fs.linkSync(aside, this.#name);
    } catch {
      // there is a newer one by now
    }
    fs.rmSync(aside, { force: true });
    return isIt;
  }

  /**
   * The server ends. What is at the path is removed, if it is still its own. Whether the path leads to nobody, or to
   * somebody else, from now on.
   */
  remove() {
    if (this.#claim === 'never' || this.#own === null) return false;
    try {
      if (isSame(look(this.#name), this.#own)) fs.unlinkSync(this.#name);
      return true;
    } catch {
      return false; // a dead file is left
    }
  }

  /**
   * What `error` of net.Server is about: libuv has one code for a folder that is closed and for one that is missing.
   * Where no file may be made, one at the path cannot be replaced either.
   */
  failed(error) {
    const where = { path: this.#name };
    if (error.code === 'EACCES' && look(this.#name) !== null) return inUse(this.#name);
    const isMissing = error.code === 'EACCES' && !fs.existsSync(folderOf(this.#name));
    return isMissing ? failure('listen', 'ENOENT', where) : failureOf(error, 'listen', where);
  }
}

/**
 * Looks at the path that a server is to have, if it may take that of a dead socket: `done(dead)` gets that file, or null.
 * At once where there is nothing to look at.
 */
function findDead({ path: name, claim }, done) {
  const found =
    name === undefined || claim !== 'stale' || isWindows || name.startsWith('\0')
      ? null
      : look(name);
  if (!found?.isSocket()) done(null);
  else isDead(name, (dead) => done(dead ? found : null));
}

/** The abstract name `path` as programs have it that always use the whole length of an address. */
const paddedName = (path) =>
  path + '\0'.repeat(Math.max(0, LONGEST_PATH + 1 - Buffer.byteLength(path)));

module.exports = { SocketFile, findDead, paddedName, pathFault };

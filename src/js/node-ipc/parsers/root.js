'use strict';
// The folder of a server's local socket, with `config.secureSocketRoot` or a parser: made, and kept to its owner, as
// in node-ipc 14. Used by transports.js, and by paths.js for the folder of the parser 'assured'.

const fs = require('node:fs');
const os = require('node:os');
const { core, platform, process } = require('../../core');
const path = core('path');
const { codedError } = require('../../errors');

const OWNER_ONLY = 0o700;
const OTHERS = 0o077;
/** Anybody may put files there, as in /tmp. */
const STICKY = 0o1000;

/** node-ipc 14's default of `config.socketRoot`. */
function privateRoot() {
  if (platform === 'win32') return `/node-ipc-${plain(userName())}/`;
  const { XDG_RUNTIME_DIR: runtime } = process.env;
  if (runtime) return path.join(runtime, 'node-ipc') + path.sep;
  return path.join(os.tmpdir(), `node-ipc-${process.getuid?.() ?? plain(userName())}`) + path.sep;
}

function userName() {
  try {
    return os.userInfo().username;
  } catch {
    return 'user';
  }
}

const plain = (name) => String(name).replace(/[^\w.-]/g, '_');

/** Where `file` is below `root`; null if it is elsewhere. */
function below(root, file) {
  const relative = path.relative(path.resolve(root), path.resolve(file));
  const isOutside =
    relative === '..' || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative);
  return isOutside ? null : relative;
}

/** Whether `file` is directly in `root`. */
function isDirectlyIn(root, file) {
  const relative = below(root, file);
  return Boolean(relative) && path.dirname(relative) === '.';
}

/**
 * Makes the folder if `file` is to be in it and, if `secure`, makes sure that it belongs to this user alone. @throws
 * {Error} ERR_IPC_SOCKET_ROOT if it does not, or is not a folder; or what the system says
 */
function prepareRoot(root, file, secure) {
  if (below(root, file) === null) return;
  const folder = path.resolve(root);
  fs.mkdirSync(folder, { recursive: true, mode: OWNER_ONLY });
  if (secure) keepToOwner(folder);
}

/** By a descriptor, so that the folder that is looked at is the one that is changed. */
function keepToOwner(folder) {
  const descriptor = open(folder);
  try {
    const { uid, mode } = fs.fstatSync(descriptor);
    if (uid !== process.getuid()) throw refused(folder, 'belongs to another user');
    if ((mode & STICKY) !== 0) throw refused(folder, 'is shared by all users');
    if ((mode & OTHERS) !== 0) fs.fchmodSync(descriptor, OWNER_ONLY);
  } finally {
    fs.closeSync(descriptor);
  }
}

function open(folder) {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
  try {
    return fs.openSync(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (error.code !== 'ELOOP' && error.code !== 'ENOTDIR') throw error;
    throw refused(folder, 'is not a folder, or is a symbolic link to one');
  }
}

function refused(folder, why) {
  const message = `config.socketRoot must be a folder of this user alone, but ${folder} ${why}`;
  return codedError('ERR_IPC_SOCKET_ROOT', message, { path: folder });
}

module.exports = { isDirectlyIn, prepareRoot, privateRoot };

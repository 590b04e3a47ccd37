'use strict';
// The arguments of `ferripc/mqueue`, and their checks: names, options, times. Used by index.js and queue.js.

const { platform } = require('../core');
const { check, toInteger, toLimit, toOptions: toObject, toPatience } = require('../arguments');
const { argumentError, callError, refused, valueError } = require('../errors');
const { MAX_QUEUED } = require('../sockets/defaults');

/** Whether the system has such queues. */
const isSupported = platform === 'linux';

/** The system's default limits, which only its administrator can raise. */
const MAXMSG = 10;
const MSGSIZE = 8192;
const MODE = 0o600;

/** The options of `open`, and of calls that wait. */
const OPTIONS = [
  'create',
  'exclusive',
  'read',
  'write',
  'maxmsg',
  'msgsize',
  'mode',
  'maxQueuedBytes',
];
const WAIT_OPTIONS = ['timeout'];

/** Priorities are below this number. */
const PRIORITIES = 32768;

const notSupported = (syscall, path) => {
  const fields = refused(syscall, 'ENOTSUP', { path });
  return callError({ ...fields, message: `${fields.message}: only Linux has such queues` });
};

/** The name of a queue. The system reports what else is wrong with it. */
function toName(name) {
  if (typeof name !== 'string') throw argumentError('name', 'of type string', name);
  if (!name.startsWith('/') || name.includes('\0')) {
    throw valueError(`The "name" argument must begin with "/" and have no NUL. Received ${name}`);
  }
  return name;
}

const toBoolean = (value, name) =>
  check(typeof value === 'boolean', name, 'of type boolean', value);

/** What `open` was given, checked and complete. */
function toOptions(options) {
  toObject(options, 'options', OPTIONS);
  const { create = false, exclusive = false, read = true, write = true } = options;
  const { maxmsg = MAXMSG, msgsize = MSGSIZE, mode = MODE, maxQueuedBytes = MAX_QUEUED } = options;
  for (const [name, value] of Object.entries({ create, exclusive, read, write })) {
    toBoolean(value, `options.${name}`);
  }
  if (!read && !write) throw valueError('options.read and options.write must not both be false');
  if (exclusive && !create) throw valueError('options.exclusive needs options.create');
  return {
    native: {
      create,
      exclusive,
      read,
      write,
      maxmsg: toInteger(maxmsg, 'options.maxmsg', 1),
      msgsize: toInteger(msgsize, 'options.msgsize', 1),
      mode: toInteger(mode, 'options.mode', 0, 0o777),
    },
    maxQueuedBytes: toLimit(maxQueuedBytes, 'options.maxQueuedBytes'),
  };
}

/** The time in ms that a call waits; Infinity: forever. */
function toTimeout(options) {
  const { timeout = Infinity } = toObject(options, 'options', WAIT_OPTIONS);
  return toPatience(timeout, 'options.timeout');
}

function toPriority(priority) {
  return toInteger(priority, 'priority', 0, PRIORITIES - 1);
}

/** The bytes of a message, which its sender may change afterwards. */
function toBytes(data) {
  if (typeof data === 'string') return Buffer.from(data);
  if (ArrayBuffer.isView(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  throw argumentError('data', 'of type string or an instance of Buffer or Uint8Array', data);
}

module.exports = {
  isSupported,
  notSupported,
  toBytes,
  toName,
  toOptions,
  toPriority,
  toTimeout,
};

'use strict';
// What the two classes of ipc2 have in common: they are loaded with the first use, call us for each event, and an
// event's kind and number are in a header. Used by host.js and connection.js of ipc2.

const { AsyncResource } = require('node:async_hooks');
const { callError, codedError } = require('../errors');
const { mayWatch } = require('./loop');
const native = require('./native');

/** Kinds of events. Mirrors src/binding/ipc2/mailbox.rs. */
const Kind = Object.freeze({
  DONE: 1,
  FAILED: 2,
  EXIT: 3,
  JOB: 4,
  NOTE: 5,
  END: 6,
  START: 7,
  KILL: 8,
});

/** For what belongs to no caller: no AsyncLocalStorage's store is kept. */
const outside = new AsyncResource('ferripc');

/**
 * An instance of the addon's class `name`. `take(kind, id, payload)` is called with each of its events, in a turn of
 * its own. `args` follow the constructor's first two.
 * @throws {Error} ERR_FERRIPC_NO_BINARY; ENOTSUP where there is no such class; what the system refuses
 */
function open(name, take, ...args) {
  const { [name]: Class } = native.load();
  if (Class === undefined) {
    throw codedError('ENOTSUP', `ferripc/ipc2 runs on Unix, and not on ${process.platform}`);
  }
  const header = new Uint32Array(2);
  const turn = (payload) => take(header[0], header[1], payload);
  const wake = () => {
    header[0] = 0;
    const payload = opened.next();
    if (header[0] !== 0) turn(payload);
  };
  const own = mayWatch() ? turn : undefined;
  const opened = outside.runInAsyncScope(() => begin(() => new Class(wake, own, header, ...args)));
  // A worker of Deno ends without finalizing anything.
  if (process.versions.deno) opened.endWithEnvironment?.();
  return opened;
}

/** What the system refuses has its code as the message: no descriptor, no thread. */
function begin(make) {
  try {
    return make();
  } catch ({ message: code }) {
    throw callError({ message: `start ${code}`, code, syscall: 'start' });
  }
}

module.exports = { Kind, open };

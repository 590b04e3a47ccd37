'use strict';
// The common part of ipc2's two classes: they are loaded on first use, call us for each event, and have an event's
// kind and number in a header. Used by host.js and connection.js of ipc2.

const { platform } = require('../core');
const { codedError } = require('../errors');
const { inTurns } = require('./in-turns');
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

/**
 * An instance of the addon's class `name`. `take(kind, id, payload)` is called with each of its events, in a turn of
 * its own. `args` follow the constructor's first two.
 * @throws {Error} ERR_FERRIPC_NO_BINARY; ENOTSUP where there is no such class; what the system refuses
 */
function open(name, take, ...args) {
  const { [name]: Class } = native.load();
  if (Class === undefined) {
    throw codedError('ENOTSUP', `ferripc/ipc2 runs on Unix, and not on ${platform}`);
  }
  const header = new Uint32Array(2);
  const turn = (payload) => take(header[0], header[1], payload);
  const wake = () => {
    header[0] = 0;
    const payload = opened.next();
    if (header[0] !== 0) turn(payload);
  };
  const own = mayWatch() ? turn : undefined;
  const opened = native.start(() => new Class(inTurns(wake), own, header, ...args));
  return opened;
}

module.exports = { Kind, open };

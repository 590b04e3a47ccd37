'use strict';
// Whether the event loop of this runtime can do the work of the I/O thread. Used by engine.js and ipc2-native.js.

const { process } = require('../core');

/** Whether the event loop may be libuv's, which calls us with each event (not on Windows). */
const hasLibuv = () => !process.versions.bun && !process.versions.deno;

/**
 * Whether sockets may be watched by the event loop itself, which spares a thread hop per message. The
 * environment variable FERRIPC_DRIVER (`loop` or `tokio`) forces one, for tests and bug reports; where
 * the runtime has no libuv (Bun, Deno), and on Windows, the I/O thread has them all.
 */
const mayWatch = () => process.env.FERRIPC_DRIVER !== 'tokio' && hasLibuv();

module.exports = { hasLibuv, mayWatch };

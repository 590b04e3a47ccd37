'use strict';
// The defaults of the limits in limits.js. Loaded with the package, and so without anything else.

/** Of `maxQueuedBytes`. */
const MAX_QUEUED = 1024 * 1024 * 1024;

/** Of `maxBufferedBytes`. */
const MAX_BUFFERED = 1024 * 1024 * 1024;

/** Of `linger`, in ms. */
const LINGER = 2000;

module.exports = { LINGER, MAX_BUFFERED, MAX_QUEUED };

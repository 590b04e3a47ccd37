'use strict';
// The limits of a connection, as users set them. Used by whoever makes sockets.

const { constants } = require('node:buffer');
const { argumentError } = require('../errors');

/** Default of `maxQueuedBytes`. */
const MAX_QUEUED = 1024 * 1024 * 1024;

/** More than the engine counts. */
const MOST_QUEUED = 0xffffffff;

/**
 * `{maxFrame, maxQueued}` of a socket's framing, from settings that are called `<where>.maxMessageBytes` and
 * `<where>.maxQueuedBytes`.
 * @throws {TypeError} if one of them is not a positive number
 */
function limitsOf(settings, where) {
  const { HIGH_WATER } = require('../engine/connection'); // not before there is a socket
  const { maxMessageBytes = constants.MAX_STRING_LENGTH, maxQueuedBytes = MAX_QUEUED } = settings;
  for (const [name, value] of Object.entries({ maxMessageBytes, maxQueuedBytes })) {
    if (!(value > 0)) throw argumentError(`${where}.${name}`, 'a positive number', value);
  }
  return {
    maxFrame: Math.min(Math.floor(maxMessageBytes), constants.MAX_STRING_LENGTH),
    maxQueued: Math.min(Math.max(maxQueuedBytes, HIGH_WATER), MOST_QUEUED),
  };
}

module.exports = { MAX_QUEUED, limitsOf };

'use strict';
// The limits of a connection, as users set them. Used by the files that make sockets.

const { core } = require('../core');
const { constants } = core('buffer');
const { HIGH_WATER } = require('../engine/connection');
const { argumentError } = require('../errors');
const { LINGER, MAX_BUFFERED, MAX_QUEUED } = require('./defaults');

/** More than the engine counts. */
const MOST_QUEUED = 0xffffffff;

/** More than the engine counts: 49 days. */
const LONGEST_LINGER = 0xffffffff;

/**
 * `{maxFrame, maxQueued, maxUnfinished, linger}` of a socket's framing, from settings that are called
 * `<where>.maxMessageBytes`, `<where>.maxQueuedBytes`, `<where>.maxBufferedBytes` and `<where>.linger`.
 * @throws {TypeError} if one of them is not a positive number (`linger`: a number of ms, 0 or more)
 */
function limitsOf(settings, where) {
  const {
    maxMessageBytes = constants.MAX_STRING_LENGTH,
    maxQueuedBytes = MAX_QUEUED,
    maxBufferedBytes = MAX_BUFFERED,
    linger = LINGER,
  } = settings;
  const checkPositive = (name, value) => {
    if (!(value > 0)) throw argumentError(`${where}.${name}`, 'a positive number', value);
  };
  checkPositive('maxMessageBytes', maxMessageBytes);
  checkPositive('maxQueuedBytes', maxQueuedBytes);
  checkPositive('maxBufferedBytes', maxBufferedBytes);
  if (typeof linger !== 'number' || !(linger >= 0)) {
    throw argumentError(`${where}.linger`, 'a number of ms, 0 or more', linger);
  }
  return {
    linger: Math.min(Math.ceil(linger), LONGEST_LINGER),
    maxFrame: Math.min(Math.floor(maxMessageBytes), constants.MAX_STRING_LENGTH),
    maxQueued: Math.min(Math.max(maxQueuedBytes, HIGH_WATER), MOST_QUEUED),
    maxUnfinished: Math.min(Math.floor(maxBufferedBytes), Number.MAX_SAFE_INTEGER),
  };
}

module.exports = { limitsOf };

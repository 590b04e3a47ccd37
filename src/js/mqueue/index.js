'use strict';
// `ferripc/mqueue`: POSIX message queues.

require('../core'); // first: before there can be fakes
const { unlinkQueue } = require('../engine/queues');
const { callError } = require('../errors');
const Queue = require('./queue');
const { isSupported, notSupported, toName, toOptions } = require('./options');

/** Opens a queue, see index.d.ts. */
function open(name, options = {}) {
  const path = toName(name);
  const settings = toOptions(options);
  if (!isSupported) throw notSupported('mq_open', path);
  return Queue._open(path, settings);
}

/** Removes a queue's name, see index.d.ts. */
function unlink(name) {
  const path = toName(name);
  if (!isSupported) throw notSupported('mq_unlink', path);
  const error = unlinkQueue(path);
  if (error) throw callError(error);
}

module.exports = { Queue, isSupported, open, unlink };

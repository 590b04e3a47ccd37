'use strict';
// The limits that only the parsers 'guarded' and 'assured' know, with node-ipc 14's defaults: bytes, UTF-16 units
// and ms. Used by guarded.js, and by settings.js, which reports limits that were set but have no effect.

const LIMITS = {
  maxMessageSize: 1024 * 1024,
  maxPendingBytes: 8 * 1024 * 1024,
  maxEventNameLength: 256,
  messageTimeout: 30_000,
};

module.exports = LIMITS;

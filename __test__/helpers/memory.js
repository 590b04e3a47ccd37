'use strict';
// What a process that was started with --expose-gc holds, in bytes. Used by fixtures.

/** With the JavaScript engine all of it is V8's, which keeps room for young objects: how much differs with its release. */
function memory() {
  global.gc();
  const { rss, heapUsed, external } = process.memoryUsage();
  return process.env.FERRIPC_DRIVER === 'js' ? heapUsed + external : rss;
}

module.exports = { memory };

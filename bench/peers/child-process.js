'use strict';

// The channel that child_process.fork() makes: `child.send()` and `process.send()`. See index.js for
// the interface; loaded from there.
//
// It joins one parent and one child, and so has neither many connections nor a broadcast. Of its two
// serializations the one named below is measured, in all workloads.

module.exports = {
  title: 'child_process.send',
  version: () => `Node ${process.versions.node}`,
  transports: ['unix'],
  uses: ['messages'],
  serialization: 'json',
  load: () => require('child_process'),
  serve: async ({ channel }, onMessage) => {
    const conn = { send: channel.share((data) => onMessage(conn, data)) };
    return { send: (to, data) => to.send(data), close() {} };
  },
  connect: async ({ channel }, onMessage) => ({ send: channel.share(onMessage), close() {} }),
};

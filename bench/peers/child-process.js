'use strict';

// The channel that child_process.fork() makes: `child.send()` and `process.send()`. See index.js for
// the interface; loaded from there.
//
// It joins one parent and one child, and so has neither many connections nor a broadcast. Of its two
// serializations each workload has the faster one, as a program would that knows what it sends: 'json'
// moves twice as many small messages, 'advanced' (V8's structured clone, no JSON) takes a quarter to a
// half of the time for large ones.

module.exports = {
  title: 'child_process.send',
  version: () => `Node ${process.versions.node}`,
  transports: ['unix'],
  uses: ['messages', 'values'],
  serialization: (workload) => (workload.large ? 'advanced' : 'json'),
  load: () => require('child_process'),
  serve: async ({ channel }, onMessage) => {
    const conn = { send: channel.share((data) => onMessage(conn, data)) };
    return { send: (to, data) => to.send(data), close() {} };
  },
  connect: async ({ channel }, onMessage) => ({ send: channel.share(onMessage), close() {} }),
};

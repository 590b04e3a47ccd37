'use strict';
// Checks that are known to fail, and why: the one list. Used by report.js. `runtime` is 'Node', 'Bun', 'Deno'
// or '*'; `check` is the beginning of names, or all of one.

module.exports = [
  {
    runtime: '*',
    check: 'cluster',
    reason: 'workers of node:cluster do not share a path or port yet',
  },
];

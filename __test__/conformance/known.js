'use strict';
// Checks that are known to fail, and why: the one list. Used by report.js. `runtime` is 'Node', 'Bun', 'Deno'
// or '*'; `check` is the beginning of names, or all of one.

const noDescriptors =
  'sockets of this runtime give no descriptor, so workers of node:cluster do not share';

module.exports = [
  { runtime: 'Bun', check: 'cluster', reason: noDescriptors },
  { runtime: 'Deno', check: 'cluster', reason: noDescriptors },
];

'use strict';
// The order of the suites, for jest: those that take longest first, so that at the end of a run no worker has a long one to
// itself while the others have nothing to do. jest knows how long suites took last time; on a fresh clone it does not.

const path = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');

const ROOT = path.join(__dirname, '..', '..');

/** The longest ones, the longest first. The others follow, as jest sorts them. */
const LONG = [
  '__test__/bundlers/bundlers.test.js',
  '__test__/install/install.test.js',
  '__test__/compat/lifecycle.test.js',
  '__test__/compat/messages.test.js',
  '__test__/leaving.test.js',
  '__test__/docs/blocks.test.js',
  '__test__/server-stop.test.js',
  'examples/examples.test.js',
  '__test__/workflows.test.js',
  '__test__/fuzz/fuzz.test.js',
  '__test__/cluster.test.js',
  '__test__/lifecycle.test.js',
  '__test__/install/packages.test.js',
  '__test__/socket-ends.test.js',
  '__test__/socket-beginnings.test.js',
  '__test__/held.test.js',
  '__test__/doctor.test.js',
  '__test__/compat/vue.test.js',
  '__test__/framing.test.js',
  '__test__/backpressure.test.js',
  '__test__/compat/surface.test.js',
  '__test__/node-ipc-rust/interop.test.js',
  '__test__/ipc2/ends.test.js',
  '__test__/ipc2/semantics.test.js',
  '__test__/ipc2/drivers.test.js',
  '__test__/cli/talk.test.js',
  '__test__/parsers/parsers.test.js',
  '__test__/interop/interop.test.js',
  '__test__/hostile.test.js',
];

class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path: file }) => {
      const index = LONG.indexOf(path.relative(ROOT, file).replaceAll(path.sep, '/'));
      return index === -1 ? LONG.length : index;
    };
    return super.sort(tests).sort((a, b) => rank(a) - rank(b));
  }
}

module.exports = LongestFirst;

'use strict';
// The order of the suites, for jest: those that take longest first, so that at the end of a run no worker has a long one to
// itself while the others have nothing to do. jest knows how long suites took last time; on a fresh clone it does not.

const path = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');

const ROOT = path.join(__dirname, '..', '..');

/** The longest ones, the longest first. The others follow, as jest sorts them. */
const LONG = [];

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

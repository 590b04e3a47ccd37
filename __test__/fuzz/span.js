'use strict';
// From which case on the fuzzers play, for how long, and how many, by the options of their programs. Used by the run.js of
// each.

const { numberOf } = require('../../scripts/usage');

/**
 * `{first, until, counts}` of the program in `file`: the first case, by `--seed` or from the clock; until when, in ms since the
 * epoch, by `--minutes` (default 1, or no end if there are counts); and how many at most, by each of the options `names`.
 */
function spanOf(file, values, ...names) {
  const given = (name) => numberOf(file, values, name);
  const counts = names.map((name) => given(name) ?? Infinity);
  const minutes = given('minutes') ?? (Math.min(...counts) < Infinity ? 1e6 : 1);
  const first = given('seed') ?? Date.now() % 2 ** 31;
  return { first, until: Date.now() + minutes * 60_000, counts };
}

module.exports = { spanOf };

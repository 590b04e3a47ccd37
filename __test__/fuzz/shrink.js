'use strict';
// A failing case made smaller: parts of it are left out for as long as it still fails. Used by wire/run.js and
// api/run.js.

/**
 * `variants(it)` yields smaller ones of `it`, the smallest first; `fails(it)` resolves with whether one still
 * fails. At most `tries` are tried.
 */
async function shrink(it, variants, fails, tries = 200) {
  for (let found = true; found;) {
    found = false;
    for (const smaller of variants(it)) {
      if (tries-- <= 0) return it;
      if (await fails(smaller)) {
        it = smaller;
        found = true;
        break;
      }
    }
  }
  return it;
}

/** `list` without a part of it, the largest parts first. */
function* without(list) {
  for (let size = list.length; size > 0; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < list.length; at += size) {
      yield [...list.slice(0, at), ...list.slice(at + size)];
    }
  }
}

module.exports = { shrink, without };

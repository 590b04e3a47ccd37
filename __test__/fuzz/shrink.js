'use strict';
// A failing case made smaller: parts of it are left out for as long as it still fails; and kept, for `npm test` to play.
// Used by wire/run.js and api/run.js.

const fs = require('node:fs');
const path = require('node:path');

const REGRESSIONS = path.join(__dirname, 'regressions');

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

/** Writes a case of the fuzzer `name` to the folder of its regressions. Returns the file. */
function keep(name, it, regressions = REGRESSIONS) {
  const folder = path.join(regressions, name);
  fs.mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${it.transport}-${it.seed}.json`);
  fs.writeFileSync(file, `${JSON.stringify(it)}\n`);
  return file;
}

/** The cases that the fuzzer `name` has failed with. */
function kept(name, regressions = REGRESSIONS) {
  const folder = path.join(regressions, name);
  const files = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  return files.map((file) => [file, JSON.parse(fs.readFileSync(path.join(folder, file), 'utf8'))]);
}

module.exports = { keep, kept, shrink, without };

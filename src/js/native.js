'use strict';
// Finds and loads the native addon. Called by engine.js with the first socket (so that requiring
// the package touches nothing), and by scripts/build.js for the addon's name.
//
// Order: NAPI_RS_NATIVE_LIBRARY_PATH (a path, for debugging) -> a file of this checkout -> the
// platform package -> an error whose `cause` lists every attempt.

const { createRequire } = require('node:module');
const path = require('node:path');

/** File names of the addon that may fit this platform. */
function candidates() {
  const base = `ferripc.${process.platform}-${process.arch}`;
  if (process.platform !== 'linux') return [`${base}.node`];
  // Which C library the process runs on shows when an addon is loaded: only one of them loads.
  return [`${base}-gnu.node`, `${base}-musl.node`];
}

/** The addon's exports. Throws an Error with code ERR_FERRIPC_NO_BINARY if there is none. */
function load() {
  // Bundlers put something else in the place of `require`, and an ES module has no `__filename`: there,
  // the platform package is looked for where the program's main file would find it.
  const here = typeof __filename === 'string' ? __filename : path.resolve(process.argv[1] ?? '_');
  const requireHere = createRequire(here);
  const forced = process.env.NAPI_RS_NATIVE_LIBRARY_PATH;
  const attempts = forced
    ? [forced]
    : candidates().flatMap((name) => [
        path.join(here, '..', '..', '..', name),
        name.replace(/^ferripc\.(.*)\.node$/, 'ferripc-$1'),
      ]);
  const failures = [];
  for (const attempt of attempts) {
    try {
      return requireHere(attempt);
    } catch (error) {
      failures.push(error);
    }
  }
  const platform = `${process.platform}-${process.arch}`;
  throw Object.assign(
    new Error(
      `ferripc has no native binary that loads on ${platform} (Node ${process.version}). ` +
        `Tried: ${attempts.join(', ')}. ` +
        'Reinstall without --omit=optional, or run `npm run build` in a source checkout. ' +
        'The `cause` of this error lists why each attempt failed.',
      { cause: new AggregateError(failures) },
    ),
    { code: 'ERR_FERRIPC_NO_BINARY' },
  );
}

module.exports = { candidates, load };

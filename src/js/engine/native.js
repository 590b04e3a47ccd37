'use strict';
// Finds and loads the native addon. Called by engine.js with the first socket (so that requiring
// the package touches nothing), and by scripts/build.js for the addon's name.
//
// Order: NAPI_RS_NATIVE_LIBRARY_PATH (a path, for debugging) -> a file of this checkout -> the
// platform package -> an error that says what was tried and what to do.

const { createRequire } = require('node:module');
const path = require('node:path');

/**
 * This file; inside a bundle that has no `__filename` (an ES module), the program's main file. Bundlers
 * put something else in the place of `require` too, so the addon is asked for from here.
 */
const HERE = typeof __filename === 'string' ? __filename : path.resolve(process.argv[1] ?? '_');
const ROOT = path.join(HERE, '..', '..', '..', '..');

/** Of the package, and of every binary that it loads. A bundle has no package.json to read it from. */
const VERSION = '0.1.0';

/** `{file, version}` of the binary in use; null before one is loaded. */
let inUse = null;

/** File names of the addon that may fit this platform. */
function candidates() {
  const base = `ferripc.${process.platform}-${process.arch}`;
  if (process.platform !== 'linux') return [`${base}.node`];
  // Which C library the process runs on shows when an addon is loaded: only one of them loads.
  return [`${base}-gnu.node`, `${base}-musl.node`];
}

/**
 * The addon's exports. Throws an Error with code ERR_FERRIPC_NO_BINARY if there is none; its `cause` is
 * an AggregateError of every attempt's.
 */
function load() {
  const forced = process.env.NAPI_RS_NATIVE_LIBRARY_PATH;
  const attempts = forced
    ? [path.resolve(forced)]
    : candidates().flatMap((name) => [path.join(ROOT, name), packageOf(name)]);
  const requireHere = createRequire(HERE);
  const failures = [];
  /** Parts of two installations are mixed: what they say to each other may mean something else. */
  let mixed = false;
  for (const attempt of attempts) {
    try {
      const file = forced ? attempt : requireHere.resolve(attempt);
      const addon = forced ? open(attempt) : requireHere(attempt);
      if (typeof addon.Hub !== 'function') throw new Error('not an addon of ferripc');
      const { VERSION: version = 'before 0.1.0' } = addon;
      if (version !== VERSION) {
        mixed = true;
        throw new Error(`its version is ${version}, but the package's is ${VERSION}`);
      }
      inUse = { file, version };
      return addon;
    } catch (error) {
      failures.push(error);
    }
  }
  const lines = [
    `ferripc has no native binary that loads on ${platform()} (Node ${process.version}). Tried:`,
    ...attempts.map((attempt, i) => `  ${attempt}: ${reasonOf(failures[i], attempt)}`),
    ...advice(forced, mixed).map((line) => `- ${line}`),
  ];
  throw Object.assign(new Error(lines.join('\n'), { cause: new AggregateError(failures) }), {
    code: 'ERR_FERRIPC_NO_BINARY',
  });
}

/** What the addon in use was loaded from, `{file, version}`; null before. For reports. */
function loaded() {
  return inUse;
}

/** The package of a platform's addon. */
function packageOf(name) {
  return name.replace(/^ferripc\.(.*)\.node$/, 'ferripc-$1');
}

/** Loads a file as an addon, whatever its name ends in. */
function open(file) {
  const module = { exports: {} };
  process.dlopen(module, file);
  return module.exports;
}

function reasonOf({ code, message }, attempt) {
  const missing = code === 'MODULE_NOT_FOUND' && message.includes(`'${attempt}'`);
  return missing ? 'not found' : message.split('\n')[0];
}

/** This platform, on Linux with the C library. */
function platform() {
  const base = `${process.platform}-${process.arch}`;
  const library = libc();
  return library ? `${base} with ${library}` : base;
}

/** What `read` finds in Node's report on this process; `otherwise` where there is none, or not that in it. */
function fromReport(read, otherwise) {
  const { report } = process;
  const { excludeNetwork } = report ?? {};
  try {
    report.excludeNetwork = true; // names would be looked up
    return read(report.getReport());
  } catch {
    return otherwise;
  } finally {
    if (report) report.excludeNetwork = excludeNetwork;
  }
}

/** `glibc 2.36`, `musl`, or '' where it is not known or makes no difference. */
function libc() {
  if (process.platform !== 'linux') return '';
  return fromReport(({ header, sharedObjects }) => {
    if (header.glibcVersionRuntime) return `glibc ${header.glibcVersionRuntime}`;
    return sharedObjects.some((file) => file.includes('musl')) ? 'musl' : '';
  }, '');
}

/** What to do about it, the likeliest first. */
function advice(forced, mixed) {
  if (forced) {
    return ['NAPI_RS_NATIVE_LIBRARY_PATH is set, so nothing else was tried: correct or unset it.'];
  }
  const lines = [];
  if (mixed) {
    lines.push(
      'Package and binary are of different versions: remove node_modules and install again; ' +
        'in a source checkout: `npm run build`.',
    );
  }
  const names = candidates().map(packageOf).join(' or ');
  if (process.versions.electron || HERE.includes('.asar')) {
    lines.push(
      'In a packed Electron app: keep the binary out of the archive, ' +
        'with "asarUnpack": ["**/*.node"] or your packager\'s setting for it.',
    );
  }
  if (!HERE.endsWith(path.join('src', 'js', 'engine', 'native.js'))) {
    lines.push(
      'In a bundle (webpack, esbuild, Rollup, Vite, ...): mark `ferripc` as external, ' +
        'and ship its folder of node_modules with the bundle.',
    );
  }
  if (libc() === 'musl') {
    lines.push(
      'On Alpine and other systems with musl: run the installation there. ' +
        'A node_modules folder from another system, or another stage of an image, has the wrong binary.',
    );
  }
  lines.push(
    `Reinstall on this platform, without --omit=optional (or --no-optional): ${names} ` +
      'comes as an optional dependency. If it is still missing, remove node_modules and the lock file before.',
    'On a platform without a prebuilt binary, install from the git repository: npm builds it then, which ' +
      'takes a Rust toolchain. In a checkout of it, `npm run build` does.',
  );
  return lines;
}

module.exports = { VERSION, candidates, fromReport, libc, load, loaded };

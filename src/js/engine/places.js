'use strict';
// Where the addon is looked for, and which files are not loaded although they are there. Used by native.js.
//
// A package (or a checkout) of ferripc looks into its own folder, code in a bundle beside the bundle, and a single
// executable beside itself; then each looks for the platform's package, as Node resolves it. Nothing is loaded from
// parent folders except their `node_modules`, and nothing that another user may have put there: see `planted`.

const { core, lazily, platform, process } = require('../core');
const fs = core('fs');
const path = core('path');
const { fileURLToPath } = core('url');
const { packageOf } = require('./platform');

const { deno } = process.versions;

/** Folders that exist in the memory of a program only: of pkg, and of Bun. */
const VIRTUAL = /^(?:[A-Za-z]:)?[\\/](?:snapshot|\$bunfs|~BUN)[\\/]/;

/** Where this code is in its package: as a file, or joined with others (scripts/join.js). */
const OWN = ['engine/places.js', 'joined/client.js'].map((name) =>
  path.join(path.sep, 'src', 'js', name),
);

/**
 * About this code: `here`, the file that it was read from; `root`, the package's folder, null in a bundle;
 * `executable`, the path of a program that is one file with its runtime (SEA, pkg, Bun), or null; and `require`, which
 * asks from here, since bundlers put something else in the place of Node's.
 */
const whereabouts = findOut();

function findOut() {
  const here = findHere();
  // Deno would ask for permission before it says where it is.
  const isExecutable = !deno && (here === process.execPath || process.pkg || VIRTUAL.test(here));
  const executable = isExecutable ? process.execPath : null;
  const asking = lazily(() => require('node:module').createRequire(here));
  return {
    here,
    root: findRoot(here),
    executable,
    get require() {
      return asking();
    },
  };
}

function findHere() {
  const named = typeof __filename === 'string' ? __filename : '';
  if (!deno && !process.pkg) {
    // Node's single executables give their own name to the script in them, and to the first argument.
    const { argv, execPath } = process;
    if ([named, argv[1]].includes(execPath)) return execPath;
  }
  // A bundler may have put the name of a source in the place of `__filename`, and ES modules have none. The
  // arguments of the process and its working directory say nothing about where this code comes from.
  return evaluated() ?? (path.isAbsolute(named) ? named : process.execPath);
}

/** The innermost file that is being evaluated: this one, or a bundle. Undefined if that cannot be seen. */
function evaluated() {
  const { prepareStackTrace, stackTraceLimit } = Error;
  let files;
  try {
    Error.stackTraceLimit = 10;
    Error.prepareStackTrace = (error, sites) => sites.map((site) => site.getFileName());
    files = new Error().stack;
  } catch {
    return undefined; // Error is frozen
  }
  Error.stackTraceLimit = stackTraceLimit;
  if (prepareStackTrace === undefined) delete Error.prepareStackTrace;
  else Error.prepareStackTrace = prepareStackTrace;
  if (!Array.isArray(files)) return undefined;
  return files.map((it) => (/^file:/.test(it) ? fileURLToPath(it) : it)).find(isPath);
}

function isPath(value) {
  return typeof value === 'string' && path.isAbsolute(value);
}

function findRoot(here) {
  if (!OWN.some((end) => here.endsWith(end))) return null;
  const folder = path.join(here, '..', '..', '..', '..');
  try {
    const { name } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
    return name === 'ferripc' ? folder : null;
  } catch {
    return null;
  }
}

/** Where the addon with this name may be: paths of files, and the name of its package. */
function places(name) {
  const { here, root, executable } = whereabouts;
  const own = path.join(root ?? path.dirname(here), name);
  const beside = executable ? [path.join(path.dirname(executable), name)] : [];
  return [...new Set([own, packageOf(name), ...beside])];
}

/** Throws if that cannot be known. */
function isFile(file) {
  try {
    return fs.statSync(file, { throwIfNoEntry: false })?.isFile() === true;
  } catch (error) {
    if (error.code === 'ENOTDIR') return false; // Node 26 does not throw it
    throw error;
  }
}

/** The same where Node would go on. */
const isThere = (file) => look(isFile, file) === true;

/** Where Electron's packagers put what cannot be read from within an archive; the same path for other files. */
const unpacked = (file) => file.replace(/\.asar(?=[\\/])/, '.asar.unpacked');

/** The file of `place`, one of `places(name)`; null if there is none. Throws if it is not to be used. */
function locate(place, name) {
  const [found, asked] = path.isAbsolute(place) ? inFolder(place) : inModules(place, name);
  if (found === null) return null;
  const file = fs.realpathSync(found);
  const why = planted(asked) ?? (file === asked ? null : planted(file));
  if (why !== null) throw Object.assign(new Error(why), { kind: 'planted' });
  return file;
}

/** `[file, path as it was asked for]` */
function inFolder(place) {
  const file = [unpacked(place), place].find(isFile) ?? null;
  return [file, file];
}

function inModules(place, name) {
  const { resolve } = whereabouts.require;
  const folders = resolve.paths?.(place) ?? [];
  // Beside an archive first: what is inside would have to be copied out of it. Elsewhere Node would find the same, and take
  // a millisecond longer.
  const files = folders.map((folder) => path.join(unpacked(folder), place, name));
  const found = files.find((file, i) => (file.startsWith(folders[i]) ? isThere : isFile)(file));
  if (found) return [found, found];
  let file;
  try {
    file = resolve(place);
  } catch (error) {
    const missing = error.code === 'MODULE_NOT_FOUND' && error.message.includes(`'${place}'`);
    if (missing) return [null, null];
    throw error;
  }
  const asked = folders.map((folder) => path.join(folder, place)).find(exists);
  return [file, asked ?? file];
}

function exists(file) {
  try {
    return Boolean(fs.lstatSync(file));
  } catch {
    return false;
  }
}

/**
 * Why `file` may be the work of another user, or null. Where everybody may make files (/tmp), anybody could put a
 * `node_modules` or an addon in the way of a program that lies there. So what lies in such a folder has to
 * belong to root, to the user of this process, or to the owner of this code. On Windows, Node tells neither.
 */
function planted(file) {
  if (platform === 'win32') return null;
  for (let at = file; at !== path.dirname(at); at = path.dirname(at)) {
    const folder = path.dirname(at);
    if (!((look(fs.statSync, folder)?.mode ?? 0) & 0o002)) continue;
    const { uid } = look(fs.lstatSync, at) ?? {};
    const owner = look(fs.lstatSync, whereabouts.here)?.uid;
    if ([undefined, 0, owner, look(process.geteuid)].includes(uid)) continue;
    return `not loaded, since anybody may write to ${folder}, and ${at} belongs to another user (${uid})`;
  }
  return null;
}

/** What `read` says; undefined if it may not be known, as with the permission models of Node and Deno. */
function look(read, ...args) {
  try {
    return read(...args);
  } catch {
    return undefined;
  }
}

module.exports = { locate, places, whereabouts };

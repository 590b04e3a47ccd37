'use strict';
// The error of a process that has no native binary: what was tried, why it failed, and what to do. Used by native.js
// alone. If it is not caught, Node prints its message, stack and properties. That should stay within 15 lines, so the
// stack has only the frame that called ferripc, and there is no cause with stacks of its own.

const { arch, core, platform, process } = require('../core');
const path = core('path');
const { whereabouts } = require('./places');
const { candidates, libc, packageOf } = require('./platform');

/** Lines for what was found and does not load, and of advice. */
const MOST = 2;

/** Whether a file or package is for a C library other than `library`, which this process runs on. */
function forOther(library) {
  if (library === '') return () => false;
  const other = library === 'musl' ? /-gnu\b/ : /-musl\b/;
  return (place) => other.test(place);
}

/** The packages of other platforms that are installed in the place of this one's. */
function strangers() {
  const systems = ['linux', 'darwin', 'win32', 'freebsd', 'android'];
  const cpus = ['x64', 'arm64', 'arm', 'riscv64', 'ppc64', 's390x'];
  const all = systems.flatMap((os) => cpus.map((cpu) => `ferripc-${os}-${cpu}`));
  const names = all.flatMap((it) => (it.includes('linux') ? [`${it}-gnu`, `${it}-musl`] : [it]));
  const own = candidates().map(packageOf);
  return names.filter((name) => {
    if (own.includes(name)) return false;
    try {
      return Boolean(whereabouts.require.resolve(name));
    } catch {
      return false;
    }
  });
}

/** Advice by the kind of what went wrong, each a function of the names of this platform's packages. */
const REMEDIES = {
  disabled: () =>
    process.permission
      ? 'Node runs with --permission, which forbids native addons: add --allow-addons.'
      : 'Node was told not to load native addons: leave out --no-addons, on the command line and in NODE_OPTIONS.',
  denied: () =>
    'Node runs with --permission: let it read the file, with --allow-fs-read=PATH (and --allow-addons).',
  planted: () =>
    'Move the program out of the folder that everybody may write to, or make the file belong to its user.',
  incomplete: () =>
    'The file was cut off, as by a full disk: remove node_modules and install again; in a checkout: `npm run build`.',
  foreign: () =>
    'It was installed for another machine: remove node_modules and install on this one, or for it ' +
    '(npm: --os, --cpu, --libc).',
  mixed: () =>
    'Package and binary are of different versions: remove node_modules and install again; ' +
    'in a source checkout: `npm run build`.',
  descriptors: () => 'The process may open no more files: raise the limit (ulimit -n).',
};

const KINDS = {
  ERR_DLOPEN_DISABLED: 'disabled',
  ERR_ACCESS_DENIED: 'denied',
  EMFILE: 'descriptors',
  ENFILE: 'descriptors',
};

function kindOf({ kind, code, message }) {
  if (/too many open files/i.test(message)) return 'descriptors';
  return kind ?? KINDS[code];
}

/** What to do where the only problem is that there is no binary, most likely first. */
function otherwise(library) {
  const { here, root, executable } = whereabouts;
  const isOther = forOther(library);
  const files = candidates().filter((name) => !isOther(name));
  const its = files.map(packageOf).join(' or ');
  const file = `${files.join(' or ')} (from ${its})`;
  const lines = [];
  const others = root === null ? [] : strangers();
  if (others.length > 0) lines.push(`There is ${others.join(', ')}. ${REMEDIES.foreign()}`);
  if (process.versions.electron || /\.asar[\\/]/.test(here)) {
    lines.push(
      'In a packed Electron app: keep the binary out of the archive, ' +
        'with "asarUnpack": ["**/*.node"] or your packager\'s setting for it.',
    );
  } else if (executable !== null) {
    lines.push(`In a single executable: put ${file} beside ${executable}.`);
  } else if (root === null) {
    lines.push(
      'In a bundle (webpack, esbuild, Rollup, Vite, ...): mark `ferripc` as external, and ship its folder ' +
        `of node_modules with the bundle; or put ${file} beside the bundle.`,
    );
  }
  if (library === 'musl') {
    lines.push(
      'On Alpine and other systems with musl: run the installation there. ' +
        'A node_modules folder from another system, or another stage of an image, has the wrong binary.',
    );
  }
  lines.push(
    `Reinstall on this platform, without --omit=optional (or --no-optional): ${its} ` +
      'comes as an optional dependency. If it is still missing, first remove node_modules and the lock file.',
    'On a platform without a prebuilt binary, install from the Git repository: npm then builds the binary, with ' +
      'a Rust toolchain. In a checkout, run `npm run build`.',
  );
  return lines;
}

function advice(kinds, library, forced) {
  const known = [...new Set(kinds)].filter((kind) => REMEDIES[kind]).map((it) => REMEDIES[it]());
  if (forced) {
    const only =
      'NAPI_RS_NATIVE_LIBRARY_PATH is set, so nothing else was tried: correct or unset it.';
    return [...known, only].slice(0, MOST);
  }
  return (known.length > 0 ? known : otherwise(library)).slice(0, MOST);
}

/** The frame of the program that called ferripc, as a line of a stack; none in a bundle, which is one file. */
function caller({ stack }) {
  const { root } = whereabouts;
  if (root === null) return '';
  const own = path.join(root, 'src', 'js');
  const frames = stack.split('\n').filter((line) => /^ {4}at /.test(line));
  const theirs = frames.find((line) => !line.includes(own) && !/\(?node:internal/.test(line));
  return theirs ? `\n${theirs}` : '';
}

/** Ours are above the program's own. */
const FRAMES = 20;

/** An error with a stack that reaches the program's frame, if stacks are wanted. */
function errorFromFar(message) {
  const { stackTraceLimit: usual } = Error;
  if (!(usual > 0)) return new Error(message);
  const limit = (frames) => Reflect.set(Error, 'stackTraceLimit', frames); // where Error is frozen, it stays
  limit(Math.max(usual, FRAMES));
  const error = new Error(message);
  limit(usual);
  return error;
}

/** The first line of what an attempt failed with; systems begin it with the file's name. */
function reasonOf({ place, error }) {
  const [line] = error.message.split('\n');
  return line.startsWith(`${place}: `) ? line.slice(place.length + 2) : line;
}

/**
 * The error for `tried`, a list of `{place, error}`; `forced` is the path that the environment names, if it does.
 * Its property `attempts` has the same as `{place, code, reason}`.
 */
function noBinary(tried, forced) {
  const library = libc();
  const isOther = forOther(library);
  const isMissing = ({ error }) => error.kind === 'missing';
  const failed = tried.filter((it) => !isMissing(it));
  // Of the other C library nothing is expected to be there, and nothing to load.
  const relevant = failed.filter(({ place }) => !isOther(place));
  const shown = (relevant.length > 0 ? relevant : failed).slice(0, MOST);
  const missing = tried.filter((it) => isMissing(it) && !isOther(it.place));
  const here = `${platform}-${arch}${library && ` with ${library}`}`;
  const kinds = shown.map(({ error }) => kindOf(error));
  const lines = [
    `ferripc has no native binary that loads on ${here} (Node ${process.version}). Tried:`,
    ...shown.map((it) => `  ${it.place}: ${reasonOf(it)}`),
    ...(missing.length > 0 ? [`  not found: ${missing.map(({ place }) => place).join(', ')}`] : []),
    ...advice(kinds, library, forced).map((line) => `- ${line}`),
  ];
  const error = errorFromFar(lines.join('\n'));
  error.stack = `Error: ${error.message}${caller(error)}`;
  const attempts = tried.map(({ place, error: { code, message } }) => {
    return { place, code: code ?? null, reason: message };
  });
  // Not printed. A user who names a binary wants that one, and descriptors become available again.
  const mayFallBack = !forced && !tried.some((it) => kindOf(it.error) === 'descriptors');
  Object.defineProperties(error, {
    attempts: { value: attempts },
    mayFallBack: { value: mayFallBack },
  });
  return Object.assign(error, { code: 'ERR_FERRIPC_NO_BINARY' });
}

/** The error of a process that is to do without the binary, and needs it. */
function leftOut() {
  const message =
    'FERRIPC_DRIVER=js leaves the native binary out, and this call needs it: unset the variable. ' +
    'Without the binary, only node-ipc and ipcIO work, and config.fallback: false and FERRIPC_NO_FALLBACK must not be set.';
  const error = Object.assign(new Error(message), { code: 'ERR_FERRIPC_NO_BINARY' });
  return Object.defineProperty(error, 'attempts', { value: [] });
}

module.exports = { leftOut, noBinary };

'use strict';
// Finds and loads the native addon, and makes instances of its classes. Called by engine.js with the first socket (so
// that requiring the package touches nothing), by the files beside it for other systems, and by the doctor, which looks
// at what it finds before it loads it.
//
// Order: NAPI_RS_NATIVE_LIBRARY_PATH (a path, for debugging) -> the places of places.js -> an error that
// says what was tried and what to do (no-binary.js). For sockets the engine in js/ then takes the addon's place, if it
// may (fallback.js); the other systems have nothing else.

const { core, onDemand, process, unstubbed } = require('../core');
const { AsyncResource } = core('async_hooks');
const path = core('path');
const { faultOf } = require('./binary-file');
const { checkDriver, isForbidden, isForced, tell } = require('./fallback');
const { CODE, guard, guarded } = require('./guard');
const { leftOut, noBinary } = require('./no-binary');
const { locate, places, whereabouts } = require('./places');
const { candidates } = require('./platform');
const { callError, codedError, refused } = require('../errors');

const scriptHub = onDemand(() => require('./js/hub'));

/** Of the package, and of every binary that it loads. A bundle has no package.json to read it from. */
const VERSION = '0.1.0';

/** A scope that belongs to no caller, so that the addon keeps no AsyncLocalStorage store. */
const outside = new AsyncResource('ferripc');
outside.emitDestroy(); // nothing is open: `jest --detectOpenHandles` would name it in every suite
// It was made in the scope of the first caller, whose stores Node keeps in properties without names.
for (const symbol of Object.getOwnPropertySymbols(outside))
  if (!/async_id/.test(symbol.description)) outside[symbol] = undefined;

/** The addon, and `{file, version}` of the binary in use; null before one is loaded. */
let addon = null;
let inUse = null;

/** The engine in JavaScript, once it is in use. */
let script = null;

/** The binary that the environment names, which takes precedence; undefined if it names none. */
function forced() {
  const { NAPI_RS_NATIVE_LIBRARY_PATH: name } = process.env;
  return name ? path.resolve(name) : undefined;
}

/** Each place, with what is there: `{place, file}`, or `{place, error}` if it is not to be used; `file` null: nothing. */
function* find() {
  const only = forced();
  if (only) yield { place: only, file: only };
  for (const name of only ? [] : candidates()) {
    for (const place of places(name)) {
      try {
        yield { place, file: locate(place, name) };
      } catch (error) {
        yield { place, error };
      }
    }
  }
}

/** The addon in `file`. */
function open(file) {
  const fault = faultOf(file);
  if (fault) throw Object.assign(new Error(fault.text), { kind: fault.kind });
  if (!forced()) return check(whereabouts.require(file));
  const module = { exports: {} };
  process.dlopen(module, file); // whatever its name ends in
  return check(module.exports);
}

function check(exported) {
  if (typeof exported.Hub !== 'function') throw new Error('not an addon of ferripc');
  const { VERSION: version = 'before 0.1.0' } = exported;
  if (version === VERSION) return exported;
  // Parts of two installations are mixed, and may not understand each other.
  const message = `its version is ${version}, but the package's is ${VERSION}`;
  throw Object.assign(new Error(message), { kind: 'mixed' });
}

/** The addon's exports. Throws the Error of no-binary.js, with code ERR_FERRIPC_NO_BINARY, if there is none. */
function load() {
  if (addon === null) unstubbed(findAndOpen);
  return addon;
}

function findAndOpen() {
  checkDriver();
  if (isForced()) throw leftOut();
  const tried = [];
  for (const { place, file, error } of find()) {
    try {
      if (error) throw error;
      if (file === null) throw Object.assign(new Error('not found'), { kind: 'missing' });
      addon = outside.runInAsyncScope(() => open(file));
      inUse = { file, version: VERSION };
      return;
    } catch (reason) {
      tried.push({ place, error: reason });
    }
  }
  throw noBinary(tried, forced());
}

/**
 * What sockets are made by: the addon's exports, or those of the engine in JavaScript, which has no more than a `Hub`.
 * @throws {Error} as `load`, if that must not take the addon's place
 */
function engine() {
  if (addon !== null) return addon;
  if (script === null) {
    if (isForbidden()) return load();
    if (!isForced()) {
      try {
        return load();
      } catch (error) {
        if (!error.mayFallBack) throw error;
        tell(error);
      }
    }
    script = scriptHub();
    inUse = { file: null, version: VERSION };
  }
  return script;
}

/** What the engine in use was loaded from, `{file, version}`; `file` is null without the addon. Null before. For reports. */
function loaded() {
  return inUse;
}

/* global addEventListener -- of Deno */

/** Whether Deno has finalized what there was; null before it is watched. */
let isUnloaded = null;

/**
 * Has `made` end with its environment, as Deno needs it: a worker finalizes nothing, and a test file that has ended first
 * finalizes what is there, and then runs the rest of its event loop.
 */
function endInDeno(made) {
  made.endWithEnvironment?.();
  if (isUnloaded === null) {
    isUnloaded = false;
    addEventListener('unload', () => (isUnloaded = true));
  }
  const { dispose } = made;
  made.dispose = () => isUnloaded || dispose.call(made);
}

/** What `create` makes of the addon's, or of Node's for the engine in JavaScript. */
function instance(create) {
  const made = guarded(() => outside.runInAsyncScope(create));
  if (addon !== null && typeof made === 'object') guard(made);
  if (process.versions.deno) endInDeno(made);
  return made;
}

/**
 * The same.
 * @throws {Error} what the system refuses, whose code is the message: no descriptor, no thread
 */
function start(create) {
  try {
    return instance(create);
  } catch (thrown) {
    if (thrown.code === CODE) throw thrown;
    const { message: code } = thrown;
    throw callError({ message: `start ${code}`, code, syscall: 'start' });
  }
}

/**
 * What `make` returns, as `{made}`; or, where the system has no descriptor or thread left for it, `{error}`: what the
 * call `syscall`, directed at `where`, failed with.
 */
function attempt(make, syscall = 'start', where = {}) {
  try {
    return { made: make() };
  } catch (thrown) {
    if (thrown.code === CODE) throw thrown;
    const error = refused(syscall, thrown.message, where);
    if (error.errno === undefined) throw codedError('UNKNOWN', thrown.message);
    return { error };
  }
}

module.exports = { VERSION, attempt, engine, find, instance, load, loaded, start };

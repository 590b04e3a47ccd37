'use strict';
// When the engine in JavaScript takes the place of the native one, and the word that it has. Used by native.js.
//
// It does where no binary loads, whatever the reason; not where the environment names a binary, nor for want of
// descriptors, which passes. Never beside the native one: the first choice of a process is its last.

const { publishFallback } = require('../diagnostics/channels');

/** Worker threads have it from the thread that has started them, so that there is one warning in all. */
const TOLD = 'ferripc.fallback';

const NAME = 'FerripcWarning';
const CODE = 'FERRIPC_FALLBACK';

/** FERRIPC_DRIVER=js: the engine in JavaScript is asked for, and the binary is not looked for. */
const isForced = () => process.env.FERRIPC_DRIVER === 'js';

/** FERRIPC_NO_FALLBACK=1: without a binary nothing is to work. */
const isForbidden = () => !['', '0', undefined].includes(process.env.FERRIPC_NO_FALLBACK);

/** Whether it has been told. From now on it has. */
function isTold() {
  const { getEnvironmentData, setEnvironmentData } = require('node:worker_threads'); // seldom needed
  const told = getEnvironmentData(TOLD) === true;
  setEnvironmentData(TOLD, true);
  return told;
}

/** Tells, once in a process, that no binary loads: `error` is that of no-binary.js. */
function tell(error) {
  if (isTold()) return;
  publishFallback(error);
  const warning =
    'ferripc has found no native binary and works with an engine in JavaScript: it does the same, more slowly. ' +
    'FERRIPC_DRIVER=js says that this is as it should be, FERRIPC_NO_FALLBACK=1 that it must not be.';
  process.emitWarning(warning, { type: NAME, code: CODE, detail: error.message });
}

module.exports = { isForbidden, isForced, isTold, tell };

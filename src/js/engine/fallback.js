'use strict';
// Decides when the JavaScript engine takes the addon's place, and warns about it. Used by native.js.
//
// It does so where no binary loads, whatever the reason. It does not where the environment names a binary, nor when
// descriptors have run out, which passes. A process never has both: its first choice is final.

const { core, lazily, process } = require('../core');
const { publishFallback } = require('../diagnostics/channels');

const errors = lazily(() => require('../errors'));

/** Worker threads inherit it from the thread that started them, so that there is only one warning. */
const TOLD = 'ferripc.fallback';

const NAME = 'FerripcWarning';
const CODE = 'FERRIPC_FALLBACK';

/** FERRIPC_DRIVER=js: the engine in JavaScript is asked for, and the binary is not looked for. */
const isForced = () => process.env.FERRIPC_DRIVER === 'js';

/** @throws {TypeError} if FERRIPC_DRIVER asks for what there is not */
function checkDriver() {
  const { FERRIPC_DRIVER: driver = '' } = process.env;
  if (['', 'loop', 'tokio', 'js'].includes(driver)) return;
  const what = JSON.stringify(driver);
  throw errors().valueError(`FERRIPC_DRIVER is "loop", "tokio" or "js", and not ${what}`);
}

/** FERRIPC_NO_FALLBACK=1: without a binary nothing is to work. */
const isForbidden = () => !['', '0', undefined].includes(process.env.FERRIPC_NO_FALLBACK);

/** Whether the warning was given before. From now on it counts as given. */
function isTold() {
  const { getEnvironmentData, setEnvironmentData } = core('worker_threads'); // seldom needed
  const told = getEnvironmentData(TOLD) === true;
  setEnvironmentData(TOLD, true);
  return told;
}

/** Says, once per process, that no binary loads: `error` is that of no-binary.js. */
function tell(error) {
  if (isTold()) return;
  publishFallback(error);
  const warning =
    'ferripc found no native binary, and uses its JavaScript engine: that does the same, more slowly. ' +
    'Set FERRIPC_DRIVER=js if that is what you want, or FERRIPC_NO_FALLBACK=1 to forbid it.';
  process.emitWarning(warning, { type: NAME, code: CODE, detail: error.message });
}

module.exports = { checkDriver, isForbidden, isForced, isTold, tell };

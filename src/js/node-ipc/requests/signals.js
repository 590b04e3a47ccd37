'use strict';
// One listener for each AbortSignal, however many wait for it: Node warns about many listeners on one signal. Used by
// asked.js and messages.js.

/** Signal -> functions to be called when it is aborted. */
const waiting = new WeakMap();

function onAbort() {
  const acts = waiting.get(this);
  waiting.delete(this);
  this.removeEventListener('abort', onAbort);
  for (const act of acts ?? []) act();
}

/** Has `act` called when `signal` is aborted; at once if it is. */
function watch(signal, act) {
  if (signal.aborted) {
    act();
    return;
  }
  let acts = waiting.get(signal);
  if (acts === undefined) {
    waiting.set(signal, (acts = new Set()));
    signal.addEventListener('abort', onAbort);
  }
  acts.add(act);
}

/** Undoes it. */
function unwatch(signal, act) {
  const acts = waiting.get(signal);
  if (!acts?.delete(act) || acts.size > 0) return;
  waiting.delete(signal);
  signal.removeEventListener('abort', onAbort);
}

/** The error of Node's own functions that are aborted. */
function abortError(signal) {
  const error = new Error('The operation was aborted', { cause: signal.reason });
  error.name = 'AbortError';
  error.code = 'ABORT_ERR';
  return error;
}

/** Whether it can be watched; it may come from another realm or a polyfill. */
const isSignal = (value) =>
  typeof value === 'object' &&
  value !== null &&
  'aborted' in value &&
  typeof value.addEventListener === 'function';

module.exports = { abortError, isSignal, unwatch, watch };

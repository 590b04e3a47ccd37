'use strict';
// Limits how many things run at a time. Used by tests that run many programs: docs/blocks.test.js and
// install/install.test.js.

/** Returns a function that calls what it is given, and resolves with its result; at most `most` run at a time. */
function createTurns(most) {
  let running = 0;
  const waiting = [];
  return async (act) => {
    if (running === most) await new Promise((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await act();
    } finally {
      if (waiting.length > 0) waiting.shift()();
      else running--;
    }
  };
}

module.exports = { createTurns };

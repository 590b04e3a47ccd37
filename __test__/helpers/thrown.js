'use strict';
// What a call throws, for suites about misuse and refusals.

/** What `act` throws; undefined if it does not. */
function thrownBy(act) {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}

module.exports = { thrownBy };

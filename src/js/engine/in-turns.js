'use strict';
// Takes events one at a time and lets the event loop turn. Used where the addon calls us once for each event, by a
// ThreadsafeFunction: pixivutil2.js, appview.js, ipc2-native.js.
//
// Node makes up to a thousand of such calls before timers and sockets have their turn, and goes on as long as more
// come. With handlers that take their time, a peer that keeps sending would stop everything else.

const { clock, setImmediate } = require('../core');

/** How long events are taken, in ms, before the event loop has its turn. */
const TURN = 10;

/** The most events for which a turn is asked in advance. */
const BATCH = 64;

/** A function that is to be called for each event. It calls `take`, which takes one event: at once or later, in order. */
function inTurns(take) {
  /** Events that have been told of and were not taken. */
  let due = 0;
  /** When the event loop has its turn. Null: in a turn that has not begun. */
  let until = null;
  /** Turns that were asked for. */
  let asked = 0;

  const takeOne = () => {
    due--;
    take();
  };

  const putOff = () => {
    until = null;
    for (let count = Math.min(due, BATCH); count > 0; count--) {
      asked++;
      setImmediate(goOn);
    }
  };

  const goOn = () => {
    asked--;
    try {
      if (isInTime()) takeOne();
    } finally {
      if (asked === 0) putOff();
    }
  };

  /** Whether another one may be taken in this turn. The first one may. */
  const isInTime = () => {
    if (until !== null) return clock() < until;
    until = clock() + TURN;
    return true;
  };

  return () => {
    due++;
    if (asked > 0) return;
    // Whoever lets the process end does not wait for this.
    if (until === null) setImmediate(() => asked === 0 && (until = null)).unref?.();
    if (isInTime()) takeOne();
    else putOff();
  };
}

module.exports = { inTurns };

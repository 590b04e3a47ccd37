'use strict';
// The frames of one event on their way to a connection's sink: one after the other, with the answers to the
// first sent before the last is delivered. Made by connection.js.

/**
 * After so many messages of one read, answers are sent before the next one is delivered: the peer begins with
 * them while we go on, instead of each waiting for the other to finish a whole batch.
 */
const ANSWER_AFTER = 16;

/** The frames of one event on their way to the sink. */
class Delivery {
  constructor(connection, frames) {
    this.connection = connection;
    this.frames = frames;
  }

  /** One frame after the other; a throwing sink or a pause leaves the rest for later. */
  deliver() {
    const { connection } = this;
    if (connection.dropped) return;
    connection.activity.turns.left = this;
    connection.activity.bursts.deliver(this.frames.count);
    this.#run();
  }

  /** Called within a handler that runs the event loop: with the rest. */
  goOn() {
    this.connection.sink._scope.run(() => this.#run());
  }

  /** While nobody else has the rest, see turns.js. */
  #run() {
    const { connection, frames } = this;
    const { activity, sink } = connection;
    const { turns } = activity;
    try {
      while (turns.left === this && !connection.dropped && !connection.paused) {
        frames.advance();
        connection.received++;
        if (frames.index === frames.count) turns.left = null;
        sink._onFrame(frames);
        if (frames.index % ANSWER_AFTER === 0) activity.flushInBurst();
        else if (activity.dirty.length > 0) activity.flushLate();
      }
    } finally {
      if (turns.left === this) {
        turns.left = null;
        if (!connection.dropped) this.#keep();
      }
    }
  }

  #keep() {
    this.frames.keep();
    this.connection.holdFirst(() => this.deliver());
  }
}

module.exports = Delivery;

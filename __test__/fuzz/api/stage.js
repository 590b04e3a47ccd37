'use strict';
// Where sequences of calls are played: the handlers' calls, one each time that one runs, and what must not come of any.
// Used by play.js, with the world of node-ipc's API (world.js) or of another system's (systems.js).

/** What a handler of a program may throw: everybody knows it by this. */
class Thrown extends Error {}

/** A depth of handlers that call what runs handlers from which on nothing more is done. */
const DEEP = 20;

/** What an error must not look like: a code of Node-API's or a text of Rust's; or a slip of our own code. */
function isInternal(error) {
  if (!(error instanceof Error) || error instanceof Thrown) return false;
  const { code = '', message, stack = '' } = error;
  if (/^[A-Z][a-z]/.test(code) || ['UNKNOWN', 'ERR_FERRIPC_INTERNAL'].includes(code)) return true;
  if (
    /napi|\brust|panic|native part|Failed to|unwrap|already borrowed|illegal invocation/i.test(
      message,
    )
  )
    return true;
  const slip =
    /Cannot (read|set|destructure|convert)|is not (a function|iterable|defined|a constructor)|null or undefined|circular structure to/;
  const [, frame = ''] = stack.split('\n');
  return !/circular/.test(message) && slip.test(message) && /src[\\/]js/.test(frame);
}

class Stage {
  constructor(sequence) {
    this.kind = sequence.transport;
    this.handlers = [...sequence.handlers];
    this.wrong = [];
    this.depth = 0;
    this.open = true;
  }

  /** A handler runs: it makes the next of its calls. */
  react() {
    if (!this.open) return;
    const call = this.handlers.shift();
    if (!call || this.depth >= DEEP) return;
    const { op } = call;
    // What a handler throws is the program's own affair: it goes where handlers' errors go.
    if (op === 'throws') throw new Thrown(op);
    this.act(call);
  }

  act(call) {
    if (!this.open) return;
    this.depth++;
    try {
      const result = this.perform(call);
      if (typeof result?.then === 'function') {
        const settled = result.then(null, (error) => this.check(error, call));
        this.await?.(settled, call);
      }
    } catch (error) {
      this.check(error, call);
    } finally {
      this.depth--;
    }
  }

  check(error, call) {
    if (isInternal(error)) this.blame(error, call);
  }

  blame(error, call) {
    const what = JSON.stringify(call) ?? 'error event';
    this.wrong.push(`${what}: ${error?.code} ${error?.stack ?? error}`);
  }
}

module.exports = { Stage, Thrown };

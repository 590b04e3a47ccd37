'use strict';
// Calls functions in later turns of the event loop, one in each. Made by hub.js.
//
// A handler that is called may run the event loop itself, as with `deasync`. In a `setImmediate` it cannot: Node does not
// expect that its list of them is looked at again before it is at its end, and throws. A message port can be.

const { hasLibuv } = require('../loop');
const { instance } = require('../native');
const { core, raise, setImmediate } = require('../../core');

class Bell {
  #acts = [];
  #inner = null;
  #outer = null;
  #isClosed = false;

  ring(act) {
    if (this.#isClosed || !hasLibuv()) return void setImmediate(act);
    if (this.#outer === null) this.#hang();
    this.#acts.push(act);
    this.#inner.ref();
    this.#outer.postMessage(null);
  }

  /** Not before it is to ring: many programs have had their first answer by then, and this takes a millisecond. */
  #hang() {
    const { MessageChannel } = core('worker_threads');
    const { port1, port2 } = instance(() => new MessageChannel());
    port1.on('message', () => this.#call());
    port1.unref();
    this.#inner = port1;
    this.#outer = port2;
  }

  #call() {
    const act = this.#acts.shift();
    if (this.#acts.length === 0) this.#inner.unref();
    try {
      act?.();
    } catch (error) {
      raise(error); // a port would have `nextTick` throw it, and `deasync` calls that itself
    }
  }

  /** What is still to be called is forgotten. */
  close() {
    this.#isClosed = true;
    this.#acts = [];
    this.#inner?.close();
    this.#inner = this.#outer = null;
  }
}

module.exports = Bell;

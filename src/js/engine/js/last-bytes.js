'use strict';
// A write has failed: what the peer sent before is read first, as by the native engine. A socket of node:net would have
// destroyed itself, and with it what it has not read; see listeners.js. Made by link.js.

const { setImmediate } = require('../../core');

/** When nothing has come in so many turns of the event loop, there is nothing any more. */
const QUIET_TURNS = 3;

class LastBytes {
  #socket;
  #over;
  #isCounting = false;
  #turns = 0;
  #read = -1;
  /** Why the write failed. */
  error;

  /** `over()` is called when all is read. */
  constructor(socket, error, over) {
    this.#socket = socket;
    this.#over = over;
    this.error = error;
    socket._readableState.errored = null; // otherwise it would neither read nor end
    if (!socket.isPaused()) socket.read(0); // in case it was told to read after that
    this.goOn();
  }

  /** The socket reads, or reads again. */
  goOn() {
    if (this.#isCounting) return;
    this.#isCounting = true;
    setImmediate(() => this.#look());
  }

  #look() {
    this.#isCounting = false;
    const socket = this.#socket;
    if (socket.destroyed || socket.isPaused()) return; // it is over, or `goOn` follows
    const { bytesRead } = socket;
    this.#turns = bytesRead === this.#read ? this.#turns + 1 : 0;
    this.#read = bytesRead;
    if (this.#turns < QUIET_TURNS) this.goOn();
    else this.#over();
  }
}

module.exports = { LastBytes };

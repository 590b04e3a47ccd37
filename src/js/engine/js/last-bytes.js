'use strict';
// A connection has failed: what the peer sent before is delivered first, as by the native engine. A socket of node:net would
// have destroyed itself, and with it what it has not read, or has read while it was paused; see listeners.js. Made by link.js.

const { setImmediate } = require('../../core');

/** When nothing has come in so many turns of the event loop, there is nothing any more. */
const QUIET_TURNS = 3;

/** As many bytes are still read: the peer may keep sending without end. Mirrors link/mod.rs. */
const LAST_BYTES = 8 * 1024 * 1024;

class LastBytes {
  #socket;
  #over;
  #isCounting = false;
  #turns = 0;
  #read = -1;
  #most;
  /** The failure. */
  error;

  /** `over()` is called when all is read. */
  constructor(socket, error, over) {
    this.#socket = socket;
    this.#over = over;
    this.#most = socket.bytesRead + LAST_BYTES;
    this.error = error;
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
    if (this.#read === -1 && this.error.syscall === 'write') socket.read(0); // it may have been told to when it could not
    const isQuiet = bytesRead === this.#read && socket.readableLength === 0;
    this.#turns = isQuiet ? this.#turns + 1 : 0;
    this.#read = bytesRead;
    if (this.#turns < QUIET_TURNS && bytesRead < this.#most) this.goOn();
    else this.#over();
  }
}

module.exports = { LastBytes };

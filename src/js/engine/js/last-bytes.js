'use strict';
// A write has failed: what the peer sent before is read first, as by the native engine. A socket of node:net would destroy
// itself, and with it what it has not read. Made by link.js.

const { setImmediate } = require('../../core');

/** When nothing has come in so many turns of the event loop, there is nothing any more. */
const QUIET_TURNS = 3;

class LastBytes {
  #socket;
  #link;
  #isCounting = false;
  #turns = 0;
  #read = -1;
  /** Why the write failed; null: none has. */
  error = null;

  /** `link.wantsLastBytes()` says whether to read on; `link.broke(error)` hears that nothing is left. */
  constructor(socket, link) {
    this.#socket = socket;
    this.#link = link;
    socket.destroy = (error, callback) => {
      delete socket.destroy; // there is one failure
      const isWrite = error?.syscall === 'write' && !socket.destroyed;
      if (!isWrite || !link.wantsLastBytes()) return socket.destroy(error, callback);
      socket._readableState.errored = null; // otherwise it would neither read nor end
      this.error = error;
      if (!socket.isPaused()) socket.read(0); // in case it was told to read after that
      this.goOn();
      return socket;
    };
  }

  /** The socket reads, or reads again. */
  goOn() {
    if (this.error === null || this.#isCounting) return;
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
    else this.#link.broke(this.error);
  }
}

module.exports = { LastBytes };

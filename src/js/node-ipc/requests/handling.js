'use strict';
// A request from the peer, while its handler runs. Made by requests.js; the handler gets its context.

const { abortError } = require('./signals');

/** What a handler gets besides the data. The signal is made when somebody asks for it: most handlers do not. */
class RequestContext {
  #handling;

  constructor(handling) {
    this.#handling = handling;
  }

  /** Who asked. */
  get socket() {
    return this.#handling.socket;
  }

  /** Aborted when the caller has stopped waiting for the answer. */
  get signal() {
    return this.#handling.signal;
  }
}

class Handling {
  #controller = null;
  /** Why the caller has stopped waiting; null while it waits. */
  #reason = null;

  constructor(id, socket, conversation) {
    this.id = id;
    this.socket = socket;
    this.conversation = conversation;
    this.context = new RequestContext(this);
  }

  get signal() {
    this.#controller ??= new AbortController();
    if (this.#reason !== null) this.#controller.abort(this.#reason);
    return this.#controller.signal;
  }

  get isOver() {
    return this.#reason !== null;
  }

  /** Nobody waits for the answer any more. */
  abort(reason = abortError({ reason: undefined })) {
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}

module.exports = Handling;

'use strict';
// Questions with answers: what `request` and `handle` of a client or server do. Made by party.js when one of them is
// first called; without that, nothing here is loaded, and messages of these types are like any others.
//
// The owner has `_encode` and `_post(socket, type, data, beyond)`, which sends at once unless too much waits, and reports
// its connections by `down(socket)` and `over()`.

const { lazily } = require('../../core');
const { Asked, checkAsk } = require('./asked');
const { CANCEL, REPLY, REQUEST } = require('./forms');
const { isId, malformed, noHandler, tooMany } = require('./forms');
const Handling = require('./handling');
const { drop } = require('../../diagnostics/channels');
const { argumentError, codedError, errorForm, valueError } = require('../../errors');

const signals = lazily(() => require('./signals'));

/** Requests of one connection that are handled at a time, unless `config.maxRequests` says otherwise. */
const MOST_HANDLED = 16_384;

/** Bytes that may wait beyond the limit: cancellations, and the errors in place of answers. */
const BEYOND = 1024 * 1024;

/** The conversation of one connection; a client has one for all its connections. */
class Conversation {
  /** Id -> Asked. */
  asked = new Map();
  /** The peer's id -> Handling. */
  handled = new Map();
  /**
   * Running handlers, including those whose answer nobody waits for any more: this limits a peer that keeps asking
   * and cancelling.
   */
  running = 0;
}

class Requests {
  #owner;
  /** Type -> `{handler}`, an object of each registration's own. */
  #handlers = new Map();
  /** Socket, or the client itself -> Conversation. */
  #conversations = new Map();
  #lastId = 0;
  /** What the last attempt to connect has failed with. */
  #cause;

  constructor(owner) {
    this.#owner = owner;
    owner._attach(this);
    const pass = owner._onMessage;
    // Messages are inspected only here: without requests, receiving costs no more than before.
    Object.defineProperty(owner, '_onMessage', {
      configurable: true,
      writable: true,
      value: (socket, type, data) => {
        if (!this.#take(socket, type, data)) pass.call(owner, socket, type, data);
      },
    });
  }

  // ---- this side asks ----------------------------------------------------------------------------

  /**
   * Asks. `dispatch(message, offline)` sends the message or keeps it, and returns the ticket of asked.js.
   * @throws {TypeError} never: a misuse rejects the promise, too
   */
  ask(key, type, data, options, dispatch) {
    return new Promise((resolve, reject) => {
      checkAsk(type, options);
      this.#refuseWithoutMessages();
      if (options.signal?.aborted) throw signals().abortError(options.signal);
      const asked = new Asked(++this.#lastId, type, { resolve, reject });
      const message = this.#owner._encode(REQUEST, { id: asked.id, type, data });
      const { asked: open } = this.#conversation(key);
      open.set(asked.id, asked);
      try {
        asked.ticket = dispatch(message, options.offline);
        if (asked.ticket === null) throw notConnected(this.#cause);
      } catch (error) {
        open.delete(asked.id);
        throw error;
      }
      // A parser that objects may have ended the connection within the call.
      if (open.has(asked.id)) asked.limit(options, (error) => this.#giveUp(key, asked, error));
    });
  }

  #refuseWithoutMessages() {
    const owner = this.#owner;
    const reason = owner._takesBytes
      ? 'raw mode has none'
      : owner._datagrams && 'UDP may lose them';
    if (!reason) return;
    const message = `Requests need messages that arrive: ${reason}`;
    throw codedError('ERR_FERRIPC_NO_REQUESTS', message);
  }

  #giveUp(key, asked, error) {
    if (!this.#conversations.get(key)?.asked.delete(asked.id)) return;
    asked.fail(error);
    if (!asked.ticket.left && asked.ticket.undo()) return;
    try {
      this.#owner._post(key, CANCEL, { id: asked.id }, BEYOND);
    } catch (failure) {
      this.#failed(key, failure);
    }
    this.#owner._forgo?.();
  }

  // ---- this side answers -------------------------------------------------------------------------

  /** Returns a function that undoes it. */
  handle(type, handler) {
    if (typeof type !== 'string') throw argumentError('type', 'of type string', type);
    if (typeof handler !== 'function') throw argumentError('handler', 'of type function', handler);
    this.#refuseWithoutMessages();
    const { maxRequests = MOST_HANDLED } = this.#owner.config;
    if (!(maxRequests > 0)) {
      throw argumentError('config.maxRequests', 'a positive number', maxRequests);
    }
    if (this.#handlers.has(type)) {
      throw valueError(`Requests of the type ${JSON.stringify(type)} already have a handler`);
    }
    const entry = { handler };
    this.#handlers.set(type, entry);
    return () => {
      if (this.#handlers.get(type) === entry) this.#handlers.delete(type);
    };
  }

  /** Removes all handlers. Those that run answer. */
  reset() {
    this.#handlers.clear();
  }

  // ---- what has come -------------------------------------------------------------------------------

  /** Whether a message that has come was for this. */
  #take(socket, type, data) {
    if (type !== REQUEST && type !== REPLY && type !== CANCEL) return false;
    if (data === null || typeof data !== 'object' || !isId(data.id)) {
      if (this.#owner._hears(type)) return false; // somebody has an own use for it
      this.#report(socket, type, data);
      return true;
    }
    const key = keyOf(this.#owner, socket);
    if (type === REQUEST) return this.#takeRequest(key, socket, data);
    if (type === REPLY) return this.#takeReply(key, data);
    return this.#takeCancel(key, data);
  }

  #report(socket, type, data) {
    const error = malformed(type, data);
    drop(this.#owner, socket, 'invalid', null);
    this.#owner._onBadFrame(socket, error);
  }

  #takeRequest(key, socket, { id, type, data }) {
    const entry = typeof type === 'string' ? this.#handlers.get(type) : undefined;
    if (entry === undefined) {
      if (this.#owner._hears(REQUEST)) return false; // it is answered by hand
      this.#reply(key, { id, error: errorForm(noHandler(type)) });
      return true;
    }
    const conversation = this.#conversation(key);
    const { handled } = conversation;
    const { maxRequests = MOST_HANDLED } = this.#owner.config;
    if (handled.has(id)) {
      this.#report(socket, REQUEST, { id, type, data }); // which of the two would the answer be for?
    } else if (conversation.running < maxRequests) {
      const handling = new Handling(id, socket, conversation);
      handled.set(id, handling);
      conversation.running++;
      this.#run(entry.handler, data, key, handling);
    } else {
      this.#reply(key, { id, error: errorForm(tooMany(maxRequests)) });
    }
    return true;
  }

  #run(handler, data, key, handling) {
    let answer;
    try {
      answer = handler.call(this.#owner, data, handling.context);
      if (typeof answer?.then === 'function') {
        Promise.resolve(answer).then(
          (value) => this.#finish(key, handling, value),
          (error) => this.#fail(key, handling, error),
        );
        return;
      }
    } catch (error) {
      this.#fail(key, handling, error);
      return;
    }
    this.#finish(key, handling, answer);
  }

  #finish(key, handling, data) {
    if (this.#leave(handling)) this.#reply(key, { id: handling.id, data });
  }

  #fail(key, handling, error) {
    if (this.#leave(handling)) this.#reply(key, { id: handling.id, error: errorForm(error) });
  }

  /** A handler has ended. Whether somebody still waits for its answer. */
  #leave({ id, isOver, conversation }) {
    conversation.running--;
    if (!isOver) conversation.handled.delete(id);
    return !isOver;
  }

  #reply(key, reply) {
    try {
      answer(this.#owner, key, reply);
    } catch (error) {
      this.#failed(key, error);
    }
  }

  /** What a parser does not let pass. */
  #failed(key, error) {
    this.#owner._report(socketOf(this.#owner, key), error);
  }

  #takeReply(key, reply) {
    const { id } = reply;
    const open = this.#conversations.get(key)?.asked;
    const asked = open?.get(id);
    if (asked === undefined || !asked.ticket?.left) {
      // Late, or invented; or an answer to a request that the program made by hand.
      return typeof id === 'number' && id > 0 && id <= this.#lastId;
    }
    open.delete(id);
    asked.answer(reply);
    return true;
  }

  #takeCancel(key, { id }) {
    const handled = this.#conversations.get(key)?.handled;
    const handling = handled?.get(id);
    if (handling === undefined) return !this.#owner._hears(CANCEL);
    handled.delete(id);
    handling.abort();
    return true;
  }

  // ---- connections ---------------------------------------------------------------------------------

  #conversation(key) {
    let conversation = this.#conversations.get(key);
    if (conversation === undefined) {
      this.#conversations.set(key, (conversation = new Conversation()));
    }
    return conversation;
  }

  /** A connection, or an attempt to make one, has ended. */
  down(socket, error) {
    this.#cause = error;
    const key = keyOf(this.#owner, socket);
    const conversation = this.#conversations.get(key);
    if (conversation === undefined) return;
    if (key === socket) this.#conversations.delete(key);
    const handled = [...conversation.handled.values()];
    conversation.handled.clear();
    for (const asked of conversation.asked.values()) {
      if (!asked.ticket?.left) continue;
      conversation.asked.delete(asked.id);
      const message = `The connection ended before the request ${JSON.stringify(asked.type)} was answered`;
      asked.fail(codedError('ECONNRESET', message));
    }
    for (const handling of handled) {
      handling.abort(codedError('ECONNRESET', 'The asker is not connected any more'));
    }
  }

  /** There will be no connection any more. */
  over() {
    for (const { asked: open } of this.#conversations.values()) {
      for (const asked of open.values()) asked.fail(notConnected(this.#cause));
      open.clear();
    }
  }
}

/** Whose conversation it is. A client has one for itself: what waits for a connection belongs to none. */
const keyOf = (owner, socket) => (owner.sockets === undefined ? owner : socket);

/** The socket that it is on now. */
const socketOf = (owner, key) => (key === owner ? owner.socket : key);

/**
 * Sends a reply. One that cannot be sent becomes an error for the asker; so does one for which there is no room, beyond
 * the limit. A peer that goes on asking and does not read loses the connection, which tells it of all its requests.
 * @throws {Error} what a parser throws for the error
 */
function answer(owner, key, { id, data, error }) {
  let failure;
  try {
    if (owner._post(key, REPLY, error === undefined ? { id, data } : { id, error })) return;
    failure = codedError('ENOBUFS', 'Too much waits to be sent to the asker: answer dropped');
  } catch (thrown) {
    if (error !== undefined) throw thrown;
    failure = thrown;
  }
  if (owner._post(key, REPLY, { id, error: errorForm(failure) }, BEYOND)) return;
  socketOf(owner, key)?.destroy();
}

/** For a request that nobody can get. */
function notConnected(cause) {
  const options = cause === undefined ? undefined : { cause };
  const error = new Error('There is no connection, and the request does not wait for one', options);
  return Object.assign(error, { code: 'ENOTCONN' });
}

/** The answer to a request that has come to a client or server that uses none of this. */
function refuse(owner, socket, data) {
  if (data === null || typeof data !== 'object' || !isId(data.id)) return;
  try {
    answer(owner, keyOf(owner, socket), { id: data.id, error: errorForm(noHandler(data.type)) });
  } catch {
    // a parser does not let it pass
  }
}

module.exports = { Requests, refuse };

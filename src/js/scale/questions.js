'use strict';
// Requests to clients of other servers, and those of other servers to clients of this one. Made by cluster.js.
//
// The server that has the client asks it as any server asks its clients; between the two servers go the question, its
// answer, and that nobody waits for it any more.

const { bodyOf } = require('./frames');
const { Asked } = require('../node-ipc/requests/asked');
const { tooMany } = require('../node-ipc/requests/forms');
const RemoteError = require('../node-ipc/requests/remote-error');
const { abortError } = require('../node-ipc/requests/signals');
const { codedError, errorForm } = require('../errors');

/** Requests of one other server that are under way here. */
const MOST_SERVED = 16_384;

class Questions {
  #link;
  #locals;
  #server;
  #onDrop;
  #lastNumber = 0;
  /** Number -> `{asked, peer}`. */
  #asked = new Map();
  /** Peer -> its numbers -> AbortController. */
  #served = new Map();

  /** `onDrop(reason, body)` hears of requests that are not sent. */
  constructor(server, { link, locals }, onDrop) {
    this.#onDrop = onDrop;
    this.#server = server;
    this.#link = link;
    this.#locals = locals;
  }

  // ---- this server asks --------------------------------------------------------------------------------

  /**
   * Asks a client of `peer`. `options` were checked.
   * @throws {TypeError} for data that JSON cannot express; the promise is rejected with everything else
   */
  ask(peer, id, type, data, options) {
    const number = ++this.#lastNumber;
    const body = bodyOf('request', { number, to: id, type, data });
    return new Promise((resolve, reject) => {
      if (options.signal?.aborted) throw abortError(options.signal); // by the data, while they were encoded
      const problem = this.#link.tooLarge(body) ?? this.#link.obstacle();
      if (problem !== null) {
        this.#onDrop(problem.reason, body);
        throw problem.error;
      }
      const asked = new Asked(number, type, { resolve, reject });
      this.#asked.set(number, { asked, peer });
      const giveUp = (error) => {
        const isOpen = this.#asked.delete(number);
        if (isOpen) asked.fail(error);
        return isOpen;
      };
      asked.limit(options, (error) => {
        if (giveUp(error)) this.#link.publish(peer, bodyOf('cancel', { number }));
      });
      this.#link.publish(peer, body, giveUp);
    });
  }

  #takeReply(peer, { number, data, error, failure }) {
    const question = this.#asked.get(number);
    if (question?.peer !== peer) return; // late, or made up
    this.#asked.delete(number);
    const { asked } = question;
    if (failure === undefined) asked.answer({ data, error });
    else asked.fail(failed(failure));
  }

  // ---- this server's clients are asked -----------------------------------------------------------------

  /** Whether it was for this. */
  take(peer, frame) {
    if (frame.kind === 'request') this.#takeRequest(peer, frame);
    else if (frame.kind === 'reply') this.#takeReply(peer, frame);
    else if (frame.kind === 'cancel') this.#takeCancel(peer, frame);
    else return false;
    return true;
  }

  #takeRequest(peer, { number, to, type, data }) {
    let served = this.#served.get(peer);
    if (served === undefined) this.#served.set(peer, (served = new Map()));
    const socket = this.#locals.find(to).at(-1);
    if (socket === undefined) {
      this.#reply(peer, number, { failure: formOf(noClient(to)) });
    } else if (served.size >= MOST_SERVED || served.has(number)) {
      this.#reply(peer, number, { error: errorForm(tooMany(MOST_SERVED)) });
    } else {
      const controller = new AbortController();
      served.set(number, controller);
      const { signal } = controller;
      this.#server.request(socket, type, data, { signal }).then(
        (answer) => this.#finish(peer, number, controller, { data: answer }),
        (error) => this.#finish(peer, number, controller, outcome(error)),
      );
    }
  }

  #finish(peer, number, controller, answer) {
    const served = this.#served.get(peer);
    if (served?.get(number) !== controller) return; // nobody waits for it
    served.delete(number);
    this.#reply(peer, number, answer);
  }

  #reply(peer, number, answer) {
    let body;
    let error;
    try {
      body = bodyOf('reply', { number, ...answer });
      error = this.#link.tooLarge(body)?.error;
    } catch ({ message }) {
      // A client can nest it so deeply that there is no JSON of it any more.
      error = codedError('ERR_FERRIPC_MESSAGE_TOO_LARGE', `The answer cannot be sent: ${message}`);
    }
    if (error !== undefined) body = bodyOf('reply', { number, failure: formOf(error) });
    this.#link.publish(peer, body);
  }

  #takeCancel(peer, { number }) {
    const controller = this.#served.get(peer)?.get(number);
    if (controller === undefined) return;
    this.#served.get(peer).delete(number);
    controller.abort();
  }

  // ---- servers that are gone -----------------------------------------------------------------------------

  /** A server that lives has nothing of what it was asked any more. */
  forgotten(peer, reason) {
    for (const [number, { asked, peer: whose }] of this.#asked) {
      if (whose !== peer) continue;
      this.#asked.delete(number);
      asked.fail(codedError('ECONNRESET', `${reason} before the request was answered`));
    }
  }

  /** A server is gone, or cannot be reached any more. */
  gone(peer, reason) {
    this.forgotten(peer, reason);
    const served = this.#served.get(peer);
    this.#served.delete(peer);
    for (const controller of served?.values() ?? []) controller.abort();
  }

  /** A server has not been heard of. If it lives, it is not to wait for answers that it will not get. */
  silent(peer) {
    const message = 'The server that was asked had not heard of this one for a while';
    const failure = formOf(codedError('ECONNRESET', message));
    for (const number of this.#served.get(peer)?.keys() ?? []) {
      this.#reply(peer, number, { failure });
    }
  }

  /** No other server can be reached. */
  goneAll(reason) {
    const peers = [...this.#asked.values()].map(({ peer }) => peer);
    for (const peer of new Set([...peers, ...this.#served.keys()])) this.gone(peer, reason);
  }
}

/** No client has this id. */
function noClient(id) {
  const shown = id.length > 100 ? `${id.slice(0, 100)}…` : id;
  return codedError('ENOTCONN', `There is no client ${JSON.stringify(shown)}`);
}

const formOf = ({ code, message }) => ({ code, message });

/** What the other server is told: what a handler has thrown, or why nobody has answered. */
function outcome(error) {
  return error instanceof RemoteError
    ? { error: errorForm(error) }
    : { failure: { code: error.code, message: String(error.message) } };
}

/** Others may have made it up. */
function failed(failure) {
  const { code, message } = failure ?? {};
  const text = typeof message === 'string' ? message : 'The request was not answered';
  return codedError(typeof code === 'string' ? code : 'ECONNRESET', text);
}

module.exports = { Questions, noClient };

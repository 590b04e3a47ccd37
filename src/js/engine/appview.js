'use strict';
// Talks to the addon for AppView: requests, and a server. Used by appview/client.js and appview/server.js.
//
// A request runs on an I/O thread, which makes and removes its queues. They are also removed when the process exits,
// or a signal ends it, before the request is done: otherwise the queues would outlive the process.

const { AtEnd } = require('./at-end');
const { inTurns } = require('./in-turns');
const native = require('./native');
const { setImmediate } = require('../core');

/** What the requests in progress share, or null. */
let current = null;

class Requests {
  #hub;
  #lastId = 0;
  /** Number of a request -> what takes its result. */
  #pending = new Map();
  #atEnd = new AtEnd(() => {
    if (current === this) current = null;
    this.#hub.dispose();
  });

  constructor(ViewRequests) {
    this.#hub = native.instance(() => new ViewRequests(() => this.#drain()));
  }

  /** Resolves with `{status, text}` or `{error}`. */
  make(options, text) {
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      if (this.#pending.size === 0) {
        this.#atEnd.watch();
        this.#hub.keepAlive(true);
      }
      this.#pending.set(id, resolve);
      this.#hub.request(id, options, text);
    });
  }

  #drain() {
    for (;;) {
      const done = this.#hub.next();
      if (done === null) break;
      const { id, ...result } = JSON.parse(done);
      this.#pending.get(id)(result);
      this.#pending.delete(id);
    }
    if (this.#pending.size > 0) return;
    this.#atEnd.unwatch();
    this.#hub.keepAlive(false);
    // The next request may come at once.
    setImmediate(() => {
      if (this.#pending.size > 0 || current !== this) return;
      current = null;
      this.#hub.dispose();
    });
  }
}

/**
 * Makes a request. `options`: see RequestOptions in appview.rs. Resolves with `{status, text}`, or `{error}` with the
 * fields of a Node system error.
 */
async function request(options, text) {
  if (current === null) {
    const { ViewRequests } = native.load();
    const { made, error } = native.attempt(() => new Requests(ViewRequests));
    if (error) return { error };
    current = made;
  }
  return current.make(options, text);
}

/**
 * Starts a server that has `published` this and has these `commands`, `{number, name}`. `options`: see ViewServerOptions
 * in appview.rs. `onEvent` gets the events of appview.rs. Returns
 * `{server}`, with the native methods, or `{error}`.
 */
function serve(options, published, commands, onEvent) {
  let server = null;
  const take = () => {
    const event = server.next();
    if (event !== null) onEvent(JSON.parse(event));
  };
  const { serveView } = native.load();
  const made = native.instance(() => serveView(inTurns(take), options, published, commands));
  if (typeof made === 'string') return { error: JSON.parse(made) };
  server = made;
  return { server };
}

/** The events that a server which was stopped has not told yet, and will not. */
function rest(server) {
  const events = [];
  for (let event = server.next(); event !== null; event = server.next()) {
    events.push(JSON.parse(event));
  }
  return events;
}

module.exports = { request, rest, serve };

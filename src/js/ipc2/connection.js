'use strict';
// The worker's side of ipc2 in the native addon. Used by jobs.js.

const { process } = require('../core');
const { connectError } = require('./errors');
const { Kind, open } = require('../engine/ipc2-native');
const LastCalls = require('../engine/last-calls');

/** Those that are open. */
const connections = new Set();

/** What was answered leaves before the process exits. */
function onExit() {
  for (const connection of connections) connection.handOver();
}

/** The same for calls that end it, of which no event tells. Other processes are killed at once. */
const lastCalls = new LastCalls((name, [pid]) => {
  if (name !== '_kill' || pid === process.pid || pid === 0) onExit();
});

function watch() {
  process.on('exit', onExit);
  lastCalls.watch();
}

function unwatch() {
  process.removeListener('exit', onExit);
  lastCalls.unwatch();
}

/** The connection with the host. It keeps the process alive until it ends. */
class Connection {
  #native;
  #receive;
  #connected;
  #isClosing = false;
  #hasPatience = true;
  #path;

  /**
   * To the socket at `path`; this process ends with the process `host`, if that is its parent.
   * `receive(data, number)` is called for each job, with number 0 for one that wants no answer; and without
   * arguments when there will be none any more. `connected(error)` is called once.
   * @throws {Error} as `open` of ipc2-native.js
   */
  constructor({ path, host }, maxMessageBytes, receive, connected) {
    this.#receive = receive;
    this.#connected = connected;
    this.#path = path;
    const take = (kind, number, payload) => this.#take(kind, number, payload);
    this.#native = open('Ipc2Jobs', take, path, maxMessageBytes, host);
    this.ref();
    if (connections.size === 0) watch();
    connections.add(this);
  }

  /** Waits, for at most 2 s, until all answers have left. In vain it waits once. */
  handOver() {
    if (this.#hasPatience) this.#hasPatience = this.#native.handOver();
  }

  #take(kind, number, payload) {
    if (kind === Kind.JOB || kind === Kind.NOTE) {
      if (!this.#isClosing) this.#receive(payload, number);
    } else if (kind === Kind.DONE) {
      this.#connected(null);
    } else {
      this.#dispose();
      if (kind === Kind.FAILED) this.#connected(connectError(JSON.parse(payload), this.#path));
      else if (!this.#isClosing) this.#receive();
    }
  }

  #dispose() {
    this.#native.dispose();
    connections.delete(this);
    if (connections.size === 0) unwatch();
  }

  /** Whether the answer could be given. */
  answer(number, bytes) {
    return this.#native.answer(number, bytes);
  }

  /** The job gets no answer. */
  giveUp(number) {
    this.#native.giveUp(number);
  }

  /** The oldest job without an answer was taken: there is room for another one. */
  took() {
    this.#native.took();
  }

  ref() {
    this.#native.keepAlive(true);
  }

  unref() {
    this.#native.keepAlive(false);
  }

  /** Ends it, when what was answered is sent. Nothing is received any more. Idempotent. */
  close() {
    this.#isClosing = true;
    this.#native.finish();
  }
}

module.exports = { Connection };

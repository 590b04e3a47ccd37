'use strict';
// The worker's side: jobs of the host that has started this process.

const { process } = require('../core');
const { toOptions } = require('../arguments');
const { codedError } = require('../errors');
const Fifo = require('../fifo');
const { MAX_MESSAGE, bytes, toCodec } = require('./builder');
const { json } = require('./codec');
const { Connection } = require('./connection');

/** Where a worker is told its socket's path. */
const SOCKET_ENV_VAR = 'IPC2_SOCKET_PATH';

/** Jobs that get no answer because their `tx` was garbage-collected. */
const forgotten = new FinalizationRegistry(({ connection, number }) => connection.giveUp(number));

/** Takes the answer of a job. The next job comes when it was used or dropped. */
class Sender {
  #connection;
  #number;
  #codec;

  constructor(connection, number, codec) {
    this.#connection = connection;
    this.#number = number;
    this.#codec = codec;
    forgotten.register(this, { connection, number }, this);
  }

  /**
   * Answers. False: it was answered or dropped before, or the host is gone.
   * @throws {TypeError} for a value that the codec does not take: another one can be sent then
   */
  send(value) {
    const data = this.#codec._encode(value, 'value');
    forgotten.unregister(this);
    return this.#connection.answer(this.#number, data);
  }

  /** No answer: the host waits on, as long as it likes. */
  drop() {
    forgotten.unregister(this);
    this.#connection.giveUp(this.#number);
  }
}

/** Jobs, one after the other. */
class Receiver {
  #connection;
  #codecs;
  /** Jobs that have arrived and were not taken yet. */
  #arrived = new Fifo();
  /** Those who wait for a job. */
  #waiting = new Fifo();
  #isOver = false;

  /** `connected(error)` is called once. */
  constructor(place, most, codecs, connected) {
    this.#codecs = codecs;
    const receive = (data, number) => this.#receive(data, number);
    this.#connection = new Connection(place, most, receive, connected);
  }

  #receive(data, number) {
    if (data === undefined) this.#isOver = true;
    else this.#arrived.push({ data, number });
    this.#hand();
  }

  #hand() {
    while (this.#waiting.length > 0 && (this.#arrived.length > 0 || this.#isOver)) {
      const { resolve, reject, wrap } = this.#waiting.shift();
      try {
        resolve(wrap(this.#arrived.length > 0 ? this.#job(this.#arrived.shift()) : null));
      } catch (error) {
        this.close();
        reject(error);
      }
    }
  }

  #job({ data: payload, number }) {
    if (number === 0) this.#connection.took();
    const data = this.#codecs.request.decode(payload);
    if (number === 0) return { type: 'Unidirectional', data };
    const tx = new Sender(this.#connection, number, this.#codecs.response);
    return { type: 'Bidirectional', data, tx };
  }

  /** The next job; null: there will be none, because the host is gone. */
  recv() {
    return this._next((job) => job);
  }

  /** The same, as `wrap` has it. */
  _next(wrap) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject, wrap });
      this.#hand();
    });
  }

  /** Ends the connection. */
  close() {
    this.#connection.close();
    this.#arrived = new Fifo();
    this.#isOver = true;
    this.#hand();
  }

  ref() {
    this.#connection.ref();
    return this;
  }

  unref() {
    this.#connection.unref();
    return this;
  }

  [Symbol.asyncIterator]() {
    return new Jobs(this);
  }
}

/** Jobs for `for await`. Not an async generator, which takes more turns of the microtask queue for each. */
class Jobs {
  #receiver;

  constructor(receiver) {
    this.#receiver = receiver;
  }

  next() {
    return this.#receiver._next((job) => ({ value: job ?? undefined, done: job === null }));
  }

  async return(value) {
    this.#receiver.close();
    return { value, done: true };
  }

  [Symbol.asyncIterator]() {
    return this;
  }
}

/** Options of connect(). */
const OPTIONS = ['request', 'response', 'maxMessageBytes'];

/** Connects to the host that has started this process. */
async function connect(options = {}) {
  const {
    request = json,
    response = json,
    maxMessageBytes = MAX_MESSAGE,
  } = toOptions(options, 'options', OPTIONS);
  const codecs = {
    request: toCodec(request, 'options.request'),
    response: toCodec(response, 'options.response'),
  };
  const most = bytes(maxMessageBytes, 'options.maxMessageBytes');
  const path = process.env.IPC2_SOCKET_PATH;
  if (path === undefined) {
    throw codedError('SOCKET_VARIABLE_NOT_FOUND', 'Socket environment variable not set');
  }
  return new Promise((resolve, reject) => {
    const place = { path, host: Number(process.env.IPC2_HOST_PID) || undefined };
    const receiver = new Receiver(place, most, codecs, (error) => {
      if (error === null) resolve(receiver);
      else reject(error);
    });
  });
}

module.exports = { SOCKET_ENV_VAR, connect };

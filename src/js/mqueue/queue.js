'use strict';
// An open message queue: calls that find it full or empty wait in line here. Made by index.js.

const { core, later, setImmediate } = require('../core');
const { AsyncResource } = core('async_hooks');
const { EventEmitter } = core('events');
const { openQueue, unlinkQueue } = require('../engine/queues');
const { callError, noBufferError, refused, systemError } = require('../errors');
const { toBytes, toPriority, toTimeout } = require('./options');

/** Messages that are delivered to `message` handlers before other events have their turn. */
const BATCH = 64;

/** What a message that waits is counted as, beside its bytes: about what V8 needs for the promise and the rest. */
const WAITING = 1024;

/** Only index.js makes queues. */
const KEY = Symbol('open');

/** Queues that something waits for. Others may be garbage-collected, which closes them. */
const waiting = new Set();

class Queue extends EventEmitter {
  #endpoint = null;
  #maxQueued;
  #scope = new AsyncResource('FERRIPC_MQUEUE', { requireManualDestroy: true });
  /** Calls that wait for a message, or for room: `{resolve, reject, timer}`; senders with `data, priority`. */
  #receivers = new Set();
  #senders = new Set();
  #waitingBytes = 0;
  /** Whether there are `message` handlers, and whether a turn for them is on its way. */
  #flowing = false;
  #pumping = false;
  #referenced = true;

  constructor(key, name) {
    if (key !== KEY) throw new TypeError('Queues are made by open()');
    super();
    Object.defineProperty(this, 'name', { value: name, enumerable: true });
  }

  /** Opens one. @throws the system's error */
  static _open(name, { native, maxQueuedBytes }) {
    const queue = new Queue(KEY, name);
    const { error, endpoint } = openQueue(name, native, queue.#sink());
    if (error) throw callError(error);
    queue.#endpoint = endpoint;
    queue.#maxQueued = maxQueuedBytes;
    return queue;
  }

  /** Whether it was closed. */
  get closed() {
    return this.#endpoint === null;
  }

  /** See index.d.ts. */
  async send(data, priority = 0, options = {}) {
    const bytes = toBytes(data);
    const order = toPriority(priority);
    const timeout = toTimeout(options);
    this.#check('mq_send');
    const error = this.#senders.size > 0 ? this.#full() : this.#endpoint.send(bytes, order);
    if (error === null) return;
    if (error.code !== 'EAGAIN' || timeout === 0) throw callError(error);
    const weight = WAITING + bytes.length;
    if (this.#waitingBytes > 0 && this.#waitingBytes + weight > this.#maxQueued) {
      throw noBufferError(this.#maxQueued);
    }
    this.#waitingBytes += weight;
    try {
      // What the caller does with its memory meanwhile is its business.
      const sender = { data: Buffer.from(bytes), priority: order };
      await this.#wait(this.#senders, true, 'mq_send', timeout, sender);
    } finally {
      this.#waitingBytes -= weight;
    }
  }

  /** See index.d.ts. */
  async receive(options = {}) {
    const timeout = toTimeout(options);
    this.#check('mq_receive');
    if (this.#receivers.size === 0) {
      const { error, ...message } = this.#endpoint.receive();
      if (!error) return message;
      if (error.code !== 'EAGAIN' || timeout === 0) throw callError(error);
    } else if (timeout === 0) {
      throw callError(refused('mq_receive', 'EAGAIN', { path: this.name }));
    }
    return this.#wait(this.#receivers, false, 'mq_receive', timeout, {});
  }

  /** See index.d.ts. */
  attr() {
    this.#check('mq_getattr');
    const { error, attributes } = this.#endpoint.attributes();
    if (error) throw callError(error);
    const [maxmsg, msgsize, curmsgs] = attributes;
    return { maxmsg, msgsize, curmsgs };
  }

  /** See index.d.ts. */
  unlink() {
    const error = unlinkQueue(this.name);
    if (error) throw callError(error);
  }

  /** See index.d.ts. */
  close() {
    if (this.#endpoint === null) return;
    this.#endpoint.close();
    this.#endpoint = null;
    waiting.delete(this);
    this.#rejectAll(this.#receivers, 'mq_receive');
    this.#rejectAll(this.#senders, 'mq_send');
    later(() => {
      try {
        this.#scope.runInAsyncScope(() => this.emit('close'));
      } finally {
        this.#scope.emitDestroy();
      }
    });
  }

  /** See index.d.ts. */
  ref() {
    this.#referenced = true;
    this.#hold();
    return this;
  }

  /** See index.d.ts. */
  unref() {
    this.#referenced = false;
    this.#hold();
    return this;
  }

  /** Messages, until the queue is closed. */
  async *[Symbol.asyncIterator]() {
    while (this.#endpoint !== null) {
      let message;
      try {
        message = await this.receive();
      } catch (error) {
        if (this.#endpoint === null) return;
        throw error;
      }
      yield message;
    }
  }

  // ---- events: messages are received for `message` handlers as long as there are any -------------

  on(event, listener) {
    super.on(event, listener);
    return this.#flow();
  }

  addListener(event, listener) {
    return this.on(event, listener);
  }

  prependListener(event, listener) {
    super.prependListener(event, listener);
    return this.#flow();
  }

  removeListener(event, listener) {
    super.removeListener(event, listener);
    return this.#flow();
  }

  off(event, listener) {
    return this.removeListener(event, listener);
  }

  removeAllListeners(...events) {
    super.removeAllListeners(...events);
    return this.#flow();
  }

  // ---- waiting ---------------------------------------------------------------------------------

  /** What the engine calls. It does not keep the queue from being collected. */
  #sink() {
    const queue = new WeakRef(this);
    return {
      _onReady(writable) {
        const its = queue.deref();
        if (writable) its?.#sendOn();
        else its?.#receiveOn();
      },
    };
  }

  #check(syscall) {
    if (this.#endpoint !== null) return;
    throw callError(refused(syscall, 'EBADF', { path: this.name }));
  }

  #full() {
    return refused('mq_send', 'EAGAIN', { path: this.name });
  }

  /** A promise for what `waiter` waits for, in its line. */
  #wait(line, writable, syscall, timeout, waiter) {
    return new Promise((resolve, reject) => {
      Object.assign(waiter, { resolve, reject });
      line.add(waiter);
      if (timeout < Infinity) {
        waiter.timer = setTimeout(() => {
          this.#settle(line, waiter);
          reject(systemError(refused(syscall, 'ETIMEDOUT', { path: this.name })));
        }, timeout);
      }
      this.#await(line, writable);
    });
  }

  /** Asks to be told when it is worth another try. */
  #await(line, writable) {
    const error = this.#endpoint.wait(writable);
    this.#hold();
    if (error === null) return;
    for (const waiter of line) {
      this.#settle(line, waiter);
      waiter.reject(systemError(error));
    }
    if (!writable && this.#flowing) this.#fail(error);
  }

  #settle(line, waiter) {
    clearTimeout(waiter.timer);
    line.delete(waiter);
    this.#hold();
  }

  #rejectAll(line, syscall) {
    for (const waiter of line) {
      this.#settle(line, waiter);
      waiter.reject(systemError(refused(syscall, 'ECANCELED', { path: this.name })));
    }
  }

  /** Only waiting keeps the process alive. */
  #hold() {
    const waits = this.#flowing || this.#receivers.size > 0 || this.#senders.size > 0;
    this.#endpoint?.keepAlive(waits && this.#referenced);
    if (waits && this.#endpoint !== null) waiting.add(this);
    else waiting.delete(this);
  }

  #sendOn() {
    for (const sender of this.#senders) {
      const error = this.#endpoint.send(sender.data, sender.priority);
      if (error?.code === 'EAGAIN') return this.#await(this.#senders, true);
      this.#settle(this.#senders, sender);
      if (error) sender.reject(systemError(error));
      else sender.resolve();
    }
  }

  #receiveOn() {
    for (const receiver of this.#receivers) {
      const { error, ...message } = this.#endpoint.receive();
      if (error?.code === 'EAGAIN') return this.#await(this.#receivers, false);
      this.#settle(this.#receivers, receiver);
      if (error) receiver.reject(systemError(error));
      else receiver.resolve(message);
    }
    this.#pump();
  }

  // ---- `message` -------------------------------------------------------------------------------

  #flow() {
    const on = this.listenerCount('message') > 0;
    if (on !== this.#flowing && !this.closed) {
      this.#flowing = on;
      this.#hold();
      if (on) this.#pumpSoon();
    }
    return this;
  }

  #pumpSoon() {
    if (this.#pumping) return;
    this.#pumping = true;
    // Not a timer: the process has to stay alive only while the queue does.
    setImmediate(() => {
      this.#pumping = false;
      this.#pump();
    });
  }

  #pump() {
    for (let count = 0; this.#flowing && this.#endpoint !== null; count++) {
      if (count === BATCH) return this.#pumpSoon();
      const { error, data, priority } = this.#endpoint.receive();
      if (error?.code === 'EAGAIN') return this.#await(this.#receivers, false);
      if (error) return this.#fail(error);
      let delivered = false;
      try {
        this.#scope.runInAsyncScope(() => this.emit('message', data, priority));
        delivered = true;
      } finally {
        if (!delivered) this.#pumpSoon();
      }
    }
  }

  #fail(error) {
    this.#flowing = false;
    this.#hold();
    this.#scope.runInAsyncScope(() => this.emit('error', systemError(error)));
  }
}

module.exports = Queue;

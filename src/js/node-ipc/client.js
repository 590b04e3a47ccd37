'use strict';
// A connection to one server, with its retry rules: what `ipc.of[id]` holds. Made by ipc.js, and by
// programs through the deep import dao/client. What it sends, and what it keeps, is in sending.js.

const stats = require('../diagnostics/stats');
const Queue = require('./queue');
const Sending = require('./sending');
const dial = require('./dial');
const { both, clearTimeout: clearOwn, setTimeout: setOwn } = require('../core');
const { channels, publish, publishError } = require('../diagnostics/channels');
const lastWords = require('./last-words');
const { argumentError } = require('../errors');
const { ours } = require('../sockets/own-listeners');
const standIns = require('./stand-ins');

/**
 * Events: `connect` on every connection; `error` (error) then `disconnect` for a failed attempt;
 * `disconnect` when a connection ends; `destroy` after the last `disconnect` (K10); `data` (buffer) in
 * raw mode; `drain`; every message's type (data).
 */
class Client extends Sending {
  /** Cancels the next attempt; null if none is to come. */
  #cancelNext = null;
  /** Attempts since the last connection, not counting the first. */
  #retry = 0;
  /** Called when it has ended for good. */
  #onEnded = null;
  /** Removes it from where it is listed. */
  #leave = null;
  /** Asked before each further attempt; null without. */
  #election = null;
  /** It is disposed of, and its server is in this process. */
  #hearsServer = false;

  /** See party.js. */
  constructor(config, log) {
    super(config, log);
    this.Client = Client;
    this.queue = new Queue();
    this.queue.stop = true; // until connected
    /** The socket of the current or last connection; false before the first attempt. */
    this.socket = false;
    this.retriesRemaining = config.maxRetries || 0;
    this.explicitlyDisconnected = false;
    /** The last connection ended because a rule of `config.parser` was broken: there is no retry. */
    this.protocolViolation = false;
  }

  /**
   * Connects, unless connected or connecting.
   * @throws {Error} see dial.js
   */
  connect() {
    this.log('requested connection to ', this.id, this.path);
    if (!this.path) {
      this.log(
        '\n\n######\nerror: ',
        this.id,
        ' client has not specified socket path it wishes to connect to.',
      );
      return;
    }
    if (this.socket && !this.socket.destroyed) return;
    if (typeof this.path !== 'string') {
      throw argumentError(this.port ? 'host' : 'path', 'of type string', this.path);
    }
    this.#cancelRetry();
    const socket = dial(this);
    this.socket = socket;
    publish(channels.connecting, this, { socket, retry: this.#retry });
    this._begin();
    lastWords.clients.add(this);
    let failure;
    const onError = (error) => {
      failure = error;
      this.log('\n\n######\nerror: ', error);
      publishError(this, error, socket);
      this.publish('error', error);
    };
    socket.on('error', ours(onError));
    const onConnect = () => this.#connected();
    socket.on('connect', ours(onConnect));
    const onClose = (hadError) => this.#closed(socket, hadError, failure);
    socket.on('close', ours(onClose));
  }

  #connected() {
    stats.count(this, 'connections');
    this.#retry = 0;
    this._arrive();
    this._tell('up', this.socket);
    this.queue.stop = false; // what a handler emits leaves at once: the handler may exit
    this.queue.next();
    both(
      () => this.publish('connect'),
      () => this.#settled(),
    );
  }

  #settled() {
    this._switchRaw(); // a handler may have switched it
    this.retriesRemaining = this.config.maxRetries;
    this.log('retrying reset');
  }

  #closed(socket, hadError, error) {
    const { config } = this;
    lastWords.clients.delete(this);
    if (this.#hearsServer) this.off('*', '*');
    this._part(socket, hadError);
    this.log(
      'connection closed',
      this.id,
      this.path,
      this.retriesRemaining,
      'tries remaining of',
      config.maxRetries,
    );
    this._chosen?.settle(socket);
    this._tell('down', socket, error);
    const isOver = this.explicitlyDisconnected || this.protocolViolation;
    if (config.stopRetrying || this.retriesRemaining < 1 || isOver) {
      this._giveUp();
      this.#end(error);
      both(
        () => this.publish('disconnect'),
        () => {
          this.log(config.id, 'exceeded connection rety amount of', ' or stopRetrying flag set.');
          this.publish('destroy');
        },
      );
      return;
    }
    const delay = this.#elects ? 0 : (config.retry ?? 500);
    this.#retryAfter(delay);
    const { retriesRemaining } = this;
    publish(channels.retry, this, { delay, retriesRemaining });
    this.publish('disconnect');
  }

  /** The first thing after a failure is an election. It does not wait. */
  get #elects() {
    return this.#election !== null && this.#retry === 0;
  }

  /** The pause is the program's: a test may advance its time. An election has none, and fake timers do not hold it up. */
  #retryAfter(delay) {
    const [set, clear] = this.#elects ? [setOwn, clearOwn] : [setTimeout, clearTimeout];
    const timer = set(() => this.#retryNow(), delay);
    this.#cancelNext = () => clear(timer);
  }

  #retryNow() {
    this.#cancelNext = null;
    if (this.explicitlyDisconnected) return;
    this.retriesRemaining--;
    this.#retry++;
    stats.count(this, 'retries');
    if (this.#election === null) this.#reconnect();
    else {
      this.#election().then((goesOn) => {
        if (goesOn && !this.explicitlyDisconnected) this.#reconnect();
      });
    }
  }

  /** If the configuration was changed meanwhile, `connect` may throw, and nobody could catch that here. */
  #reconnect() {
    try {
      this.connect();
    } catch (error) {
      publishError(this, error);
      this.publish('error', error);
      this.#closed(this.socket, true, error);
    }
  }

  /** There is no connection any more, and there will be none unless `connect` is called by hand. */
  #end(error) {
    publish(channels.destroy, this);
    this.#onEnded?.();
    this.#onEnded = null;
    this._tell('over', error);
  }

  #cancelRetry() {
    this.#cancelNext?.();
    this.#cancelNext = null;
  }

  /** As `ipc.disconnect` does: '*' handlers hear nothing more of it. */
  _disconnect(onEnded) {
    if (!this.#hearsServer) this.off('*', '*');
    this._end(onEnded);
  }

  /**
   * Ends for good: what was emitted is sent, then the connection closed (F6); no retry (F8). `onEnded` is
   * called when it is closed, at once if it is so already.
   */
  _end(onEnded = null) {
    const ended = this._isTrying && this.#cancelNext !== null;
    this.explicitlyDisconnected = true;
    this.#cancelRetry();
    if (this.socket && !standIns.closes(this.socket)) {
      this._giveUp();
      this.socket.destroy?.();
      onEnded?.();
      this._tell('over');
      return;
    }
    if (!this.socket || stats.isClosed(this.socket)) {
      this._giveUp();
      if (ended) publish(channels.destroy, this);
      onEnded?.();
      this._tell('over');
      return;
    }
    this.#onEnded = onEnded ?? this.#onEnded; // it may be ending already
    if (!this.socket.destroyed) {
      this._sendAll();
      if (this.#hearsServer) this._endOurSide();
      else this.socket._close();
    }
    this._giveUp();
  }

  /** Ends its side of the connection: see last-words.js. */
  async _endOurSide() {
    const { socket } = this;
    if (!socket || !standIns.closes(socket)) return;
    await lastWords.endOurSide(this, socket, this._framing.linger);
  }

  // ---- called by ipc.js and instance.js -----------------------------------------------------------

  /** Calls `leave` to end it for good when it is disposed of. */
  _leaveBy(leave) {
    this.#leave = leave;
  }

  async _dispose() {
    this.#hearsServer = lastWords.serverOf(this) !== null;
    await this.#endForGood();
    if (this.#hearsServer) await this._endOurSide();
  }

  /** As `ipc.disconnect` does. Resolves when its connection is closed. */
  #endForGood() {
    return new Promise((resolve) => {
      const detach = this._attach({
        over() {
          detach();
          resolve();
        },
      });
      if (this.#leave === null) this._disconnect();
      else this.#leave();
    });
  }

  /** Each further attempt is made if `election`, which is called at once when a connection has ended, resolves with true. */
  _electBy(election) {
    this.#election = election;
  }

  /** It has ended, and nobody has had it connect again. Asked by messages.js. */
  get _isOver() {
    return !this._isTrying && Boolean(this.socket) && stats.isClosed(this.socket);
  }

  // ---- called by stats.js ----------------------------------------------------------------------------

  /** Its state, and what waits: see sending.js. */
  get _status() {
    let state = 'closed';
    if (this.#cancelNext !== null) state = 'waiting';
    else if (this.socket && !this.socket.destroyed) {
      state = this.socket.connecting ? 'connecting' : 'connected';
    }
    return { state, ...this._waiting };
  }

  /** This client's counters, over all its connections. */
  stats() {
    return stats.clientStats(this);
  }

  // ---- called by party.js and socket.js ----------------------------------------------------------

  _onBytes(socket, buffer) {
    if (!this.config.silent) this.log('## received events ##');
    this.publish('data', buffer);
  }

  _onMessage(socket, type, data) {
    if (!this.config.silent && this._logsPayloads) this.log('detected event', type, data);
    this.publish(type, data);
  }

  _onBad(socket, error) {
    this._onMessage(socket, 'error', error);
    // An answer all the same (K17), unlike what comes with the end of a connection.
    if (error.code === 'ERR_FERRIPC_MESSAGE_TOO_LARGE') this._answered();
  }

  _onViolation(socket, error) {
    this.protocolViolation = true;
    this.publish('error', error);
  }

  /** In sync mode, something that has arrived is the answer to what was sent (K17). */
  _answered() {
    if (this.config.sync) this.queue.next();
  }

  _onDrain() {
    this._publishTyped('drain');
  }

  [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
    return this._dispose();
  }
}

module.exports = Client;

'use strict';
// What a client sends: at once, one after the other in sync mode, or later, when there is a connection. The base of
// client.js, which manages the connection.

const stats = require('../diagnostics/stats');
const Held = require('./held');
const Party = require('./party');
const { bytesOf, channels, drop, publishSent } = require('../diagnostics/channels');
const { noBufferError } = require('../errors');
const { offlineOf } = require('./settings');
const Queue = require('./queue');
const standIns = require('./stand-ins');

/** Characters and bytes that are kept for a client that was never connected. */
const MOST_HELD = 16 * 1024 * 1024;

class Sending extends Party {
  #wasConnected = false;
  /** Connecting, connected, or waiting to try again. */
  #trying = false;
  /** Messages for the connection to come, in case the attempt that took them fails. */
  #held = new Held();
  /**
   * Whether messages are kept there: before the first connection, and with `config.offlineQueue` while the client is
   * down.
   */
  #holding = true;
  /** Bytes that are kept while the client is down, once it has been connected. */
  #offline;
  /** Characters and bytes in the queue of sync mode. */
  #queuedSize = 0;

  /** See party.js. */
  constructor(config, log) {
    super(config, log);
    this.#offline = offlineOf(config);
  }

  // ---- messages ------------------------------------------------------------------------------------

  /**
   * Sends a message (in raw mode: `type` is the payload). Before the first connection messages are
   * kept, up to 16 MiB; in sync mode they queue. True: accepted and below the high-water mark. False:
   * accepted, but `drain` should be awaited; or dropped because the client is not connected.
   * @throws {TypeError} for data that JSON.stringify, or a payload that Buffer.from, refuses
   * @throws {Error} what the parser throws
   */
  emit(type, data) {
    const { config } = this;
    if (!config.silent && this._logsPayloads) {
      this.log('dispatching event to ', this.id, this.path, ' : ', type, ',', data);
    }
    const message = this._encode(type, data);
    return config.sync ? this.#enqueue(message) : this.#send(message);
  }

  /** `ticket`: of a request, see Held. */
  #enqueue(message, ticket = null) {
    const { socket, queue } = this;
    if (queue.contents?.length === 0) this.#queuedSize = 0; // programs may clear it
    const isStandIn = socket && !standIns.sends(socket);
    if (isStandIn && queue instanceof Queue) queue.stop = false; // it is as good as connected
    if (!isStandIn && socket && this.#queuedSize >= this._maxQueued) return socket._refuse(message);
    message.keep?.();
    this.#queuedSize += message.length;
    const send = () => {
      this.#queuedSize -= message.length;
      if (ticket !== null) ticket.left = true;
      if (!this.config.silent && this._logsPayloads) {
        const shown = this._hasValues ? String(message) : this._framed(message);
        this.log('dispatching event to ', this.id, this.path, ' : ', shown);
      }
      this.#send(message, false);
    };
    if (ticket !== null) ticket.undo = () => this.#dequeue(send, message);
    this.queue.add(send);
    return true;
  }

  #dequeue(send, message) {
    const index = this.queue.contents?.indexOf(send) ?? -1;
    if (index === -1) return false;
    this.queue.contents.splice(index, 1);
    this.#queuedSize -= message.length;
    return true;
  }

  /** `limited`: by what the socket has to send already. */
  #send(message, limited = true) {
    const { socket, _chosen: profile } = this;
    if (profile !== null && socket && profile.exceeds(socket, message, this.#held.size)) {
      this._violate(socket, profile.backpressure(this, socket, message));
      return false;
    }
    if (socket) {
      if (!standIns.sends(socket)) return standIns.writeTo(socket, this._framed(message));
      socket._raw = this._takesBytes;
    }
    // If messages are to be kept, those for a connection that is about to end are kept, too.
    if (!this.#holding && (this.#offline === 0 || socket.writable)) {
      return socket._send(message, limited);
    }
    if (!this.#trying) {
      drop(this, socket, 'down', message);
      return false;
    }
    this.#holding = true;
    const limit = this.#roomFor(message);
    return limit === null ? this.#hold(message) : socket._refuse(message, limit);
  }

  /** The limit that does not let this be held, or null. */
  #roomFor(message) {
    const { size } = this.#held;
    const most = this.#wasConnected && this.#holding ? this.#offline : MOST_HELD;
    if (size + this.#sizeOf(message) > most) return most;
    return size >= this._maxQueued ? this._maxQueued : null;
  }

  #sizeOf(message) {
    if (this.#wasConnected) return bytesOf(message);
    const { _chosen: profile } = this;
    return profile === null ? message.length : profile.sizeOf(message);
  }

  #hold(message, ticket = null) {
    const { socket } = this;
    message.keep?.();
    // A socket that is connecting is writable, and has everything that is held: see _begin.
    const { writable } = socket;
    this.#held.add(message, this.#sizeOf(message), writable, ticket);
    return !writable || socket._send(message, false);
  }

  // ---- requests, see requests/ -----------------------------------------------------------------------

  /**
   * Asks, and resolves with the answer. `options`: `timeout` (ms), `signal`, `offline` (see #ask).
   * Rejects with a RemoteError if the handler throws; with the codes ETIMEDOUT, ABORT_ERR, ECONNRESET (the connection
   * ended), ENOTCONN, ENOBUFS, ERR_FERRIPC_NO_REQUESTS; with a TypeError for wrong arguments.
   */
  request(type, data, options = {}) {
    const dispatch = (message, offline) => this.#ask(message, offline);
    return this._requests.ask(this, type, data, options, dispatch);
  }

  /**
   * Sends a request or has it wait, with a ticket as Held has it. Without a connection a request does what other
   * messages do, unless `offline` says that it is to 'wait' or to 'fail'. Null: it could never be answered.
   * @throws {Error} ENOBUFS
   */
  #ask(message, offline) {
    const { _isUp: isUp } = this;
    const isSync = Boolean(this.config.sync);
    const keeps = this.#trying && (this.#holding || isSync || offline === 'wait');
    if (!isUp && (offline === 'fail' || !keeps)) return null;
    const ticket = { left: false, undo: null };
    const limit = this.#limitOf(message, isUp, isSync);
    if (limit !== null) {
      drop(this, this.socket, 'full', message);
      throw noBufferError(limit);
    }
    if (isSync) this.#enqueue(message, ticket);
    else if (!isUp) this.#hold(message, ticket);
    else {
      ticket.left = true;
      this.#send(message, false);
    }
    return ticket;
  }

  /** The limit that refuses a request, or null. */
  #limitOf(message, isUp, isSync) {
    const { socket, _maxQueued: most } = this;
    if (isSync) return this.#queuedSize >= most ? most : null;
    if (!isUp) return this.#roomFor(message);
    return socket._isFull?.(most) ? most : null;
  }

  /** What is sent now goes to a connection. */
  get _isUp() {
    const { socket } = this;
    return Boolean(socket) && !socket.connecting && !socket.destroyed && socket.writable !== false;
  }

  /**
   * A reply or a cancellation: these wait for nothing, and concern this connection only. False: refused, since the limit
   * and `beyond` bytes wait.
   */
  _post(_, type, data, beyond = 0) {
    const { socket, _isUp: isUp } = this;
    if (!isUp && !(this.#holding && socket?.connecting)) return true;
    const message = this._encode(type, data);
    if (!isUp) this.#pass(message);
    else if (socket._isFull?.(this._maxQueued + beyond)) return socket._refuse(message);
    else this.#send(message, false);
    return true;
  }

  /** The same for a message as it is sent. */
  _postText(_, text) {
    if (this._isUp) this.#send(text);
  }

  /** The request that this cancels is on its way already. */
  #pass(message) {
    message.keep?.();
    this.#held.pass(message);
    this.socket._send(message, false);
  }

  /** In sync mode: the answer to what was sent will not come. */
  _forgo() {
    if (this.config.sync) this.queue.next();
  }

  // ---- what client.js tells of the connection ----------------------------------------------------------

  get _isTrying() {
    return this.#trying;
  }

  /** `this.socket` is on its way. */
  _begin() {
    this.#trying = true;
    for (const message of this.#held.give()) this.socket._send(message, false);
  }

  /** It is connected: what was held is on its way. */
  _arrive() {
    this.#publishHeld();
    this.#wasConnected = true;
    this._switchRaw();
    this.#holding = false;
    this.#held.leave();
  }

  /** From the next read on, received bytes are what is configured now. */
  _switchRaw() {
    if (this.socket && standIns.sends(this.socket)) this.socket._raw = this._takesBytes;
  }

  /** It has ended, or could not connect. */
  _part(socket, hadError) {
    const early = stats.sentEarly(socket);
    if (early > 0) this.#leftEarly(socket, early);
    this.#held.takeBack();
    // Requests that wait are held even if other messages are not.
    const keeps = this.#holding && !this.explicitlyDisconnected;
    const lost = keeps || stats.isClosed(socket) ? 0 : stats.lost(socket) - this.#held.length;
    stats.close(this, socket, hadError);
    if (lost > 0) drop(this, socket, 'down', null, lost);
    this.#holding ||= this.#offline > 0;
    this.queue.stop = true; // the answer that it waits for will not come (F12)
  }

  /**
   * Destroyed before it was reported, it has carried so many bytes to the peer: what was in them must not come twice.
   * While messages are not held, but requests that wait are, nobody knows which bytes are whose. Then all have left.
   */
  #leftEarly(socket, bytes) {
    const within = this.#holding ? bytes : Infinity;
    const left = this.#held.leaveWithin(within, (message) => bytesOf(this._framed(message)));
    // What has not is counted by the connection that carries it.
    if (this.#holding && !this.explicitlyDisconnected) stats.setSent(socket, left);
  }

  /** No connection will take what is held. */
  _giveUp() {
    this.#trying = false;
    for (const message of this.#held.messages()) drop(this, this.socket, 'down', message);
    this.#held.clear();
  }

  /** Everything goes to the socket that there is, even if it is still connecting. */
  _sendAll() {
    this.#publishHeld();
    this.#held.leave();
    const waiting = this.queue.contents?.splice(0) ?? [];
    const wasHolding = this.#holding;
    this.#holding = false;
    for (const send of waiting) send();
    this.#holding = wasHolding;
  }

  #publishHeld() {
    if (!this.#holding || !channels.sent.hasSubscribers) return;
    for (const message of this.#held.messages()) publishSent(this, this.socket, message);
  }

  // ---- called by stats.js and socket.js ----------------------------------------------------------------

  /** Messages go to the connection that will come up, however many attempts that takes. */
  get _holds() {
    return this.#holding;
  }

  /** `{held, heldSize, queuedSize}`: messages that are held, and the sizes of these and of the queue. */
  get _waiting() {
    const { length = 0 } = this.queue.contents ?? [];
    return {
      held: this.#held.length,
      heldSize: this.#held.size,
      queuedSize: length === 0 ? 0 : this.#queuedSize, // programs may clear it
    };
  }

  /**
   * Hands all that was emitted to the system now, as far as it takes it. Whether it has all of it: false if something
   * waits for the connection, for its turn in sync mode, or for the peer to read.
   */
  flush() {
    const { socket, queue } = this;
    if (socket && socket._flush?.() === false) return false;
    return (queue.contents?.length ?? 0) === 0 && this.#held.length === 0;
  }
}

module.exports = Sending;

'use strict';
// A connection to one server, with its retry rules: what `ipc.of[id]` holds. Made by ipc.js, and by
// programs through the deep import dao/client.

const stats = require('../diagnostics/stats');
const Party = require('./party');
const Queue = require('./queue');
const Socket = require('../sockets/socket');
const { channels, drop, publish, publishError, publishSent } = require('../diagnostics/channels');
const { argumentError, toPort } = require('../errors');
const { ours } = require('../sockets/own-listeners');
const { systemPath } = require('../sockets/paths');
const { encodingOf, interfaceOf } = require('./settings');
const standIns = require('./stand-ins');

/** Loaded by who needs it: few programs do. */
const tlsParts = () => ({
  ...require('../sockets/tls'),
  TlsSocket: require('../sockets/tls-socket'),
});

const parserTls = () => require('./parsers/tls');

/** Characters and bytes that are kept for a client that was never connected. */
const MOST_HELD = 16 * 1024 * 1024;

/**
 * Events: `connect` on every connection; `error` (error) then `disconnect` for a failed attempt;
 * `disconnect` when a connection ends; `destroy` after the last `disconnect` (K10); `data` (buffer) in
 * raw mode; `drain`; every message's type (data).
 */
class Client extends Party {
  #retryTimer = null;
  #wasConnected = false;
  /** Connecting, connected, or waiting to try again. */
  #trying = false;
  /** Messages from before the first connection, in case the attempt that took them fails. */
  #held = [];
  #heldSize = 0;
  /** Characters and bytes in the queue of sync mode. */
  #queuedSize = 0;
  /** Attempts since the last connection, but the first. */
  #retry = 0;
  /** Called when it has ended for good. */
  #onEnded = null;

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

  #enqueue(message) {
    const { socket, queue } = this;
    if (queue.contents?.length === 0) this.#queuedSize = 0; // programs may clear it
    const isStandIn = socket && !standIns.sends(socket);
    if (isStandIn && queue instanceof Queue) queue.stop = false; // it is as good as connected
    if (!isStandIn && socket && this.#queuedSize >= this._maxQueued) return socket._refuse(message);
    this.#queuedSize += message.length;
    this.queue.add(() => {
      this.#queuedSize -= message.length;
      if (!this.config.silent && this._logsPayloads) {
        const shown = message instanceof Uint8Array ? message : String(message);
        this.log('dispatching event to ', this.id, this.path, ' : ', shown);
      }
      this.#send(message, false);
    });
    return true;
  }

  /** `limited`: by what the socket has to send already. */
  #send(message, limited = true) {
    const { socket, _chosen: profile } = this;
    if (profile !== null && socket && profile.exceeds(socket, message, this.#heldSize)) {
      this._violate(socket, profile.backpressure(this, socket, message));
      return false;
    }
    if (socket) {
      if (!standIns.sends(socket)) return standIns.writeTo(socket, this._framed(message));
      socket._raw = this._takesBytes;
    }
    if (this.#wasConnected) return socket._send(message, limited);
    if (!this.#trying) {
      drop(this, socket, 'down', message);
      return false;
    }
    if (this.#heldSize + message.length > MOST_HELD) return socket._refuse(message, MOST_HELD);
    if (this.#heldSize >= this._maxQueued) return socket._refuse(message);
    this.#held.push(message);
    this.#heldSize += profile === null ? message.length : profile.sizeOf(message);
    return socket.destroyed || socket._send(message, false);
  }

  /**
   * Connects, unless connected or connecting.
   * @throws {RangeError} for a bad port
   * @throws {TypeError} for a bad path, host or option of `config.interface`
   * @throws {Error} for `config.tls` that cannot be used, see tls.js; local paths do without TLS
   */
  connect() {
    const { config } = this;
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
    const { _framing: framing, _chosen: profile } = this;
    if (profile !== null) require('./parsers/transports').checkClient(this, profile);
    const { clientTls, shown, TlsSocket } = this.port && config.tls ? tlsParts() : {};
    const tls = clientTls?.(this.#tlsConfig, this.path, (line) => this.log(line));
    const socket = tls ? new TlsSocket(this, framing, tls) : new Socket(this, framing);
    socket.setEncoding(encodingOf(config));
    if (this.port) {
      const options = { host: this.path, port: toPort(this.port), ...interfaceOf(config) };
      if (tls) {
        this.log('Connecting client via TLS to', this.path, this.port, shown(config.tls));
        if (tls.timeout) socket.setTimeout(tls.timeout);
      } else {
        this.log('Connecting client via TCP to', options);
      }
      socket._connectHost(options);
    } else {
      this.log('Connecting client on Unix Socket :', this.path);
      socket._connectPath(systemPath(this.path));
    }
    this.socket = socket;
    this.#trying = true;
    publish(channels.connecting, this, { socket, retry: this.#retry });
    for (const message of this.#held) socket._send(message, false);
    const onError = (error) => {
      this.log('\n\n######\nerror: ', error);
      publishError(this, error, socket);
      this.publish('error', error);
    };
    socket.on('error', ours(onError));
    const onConnect = () => this.#connected();
    socket.on('connect', ours(onConnect));
    const onClose = (hadError) => this.#closed(socket, hadError);
    socket.on('close', ours(onClose));
  }

  get #tlsConfig() {
    const { config, _chosen: profile } = this;
    return profile === null ? config.tls : parserTls().clientOptions(config.tls, profile);
  }

  #connected() {
    stats.count(this, 'connections');
    this.#retry = 0;
    this.#publishHeld();
    this.#wasConnected = true;
    if (this.socket && standIns.sends(this.socket)) this.socket._raw = this._takesBytes;
    this.#dropHeld(); // sent
    try {
      this.publish('connect');
    } finally {
      this.retriesRemaining = this.config.maxRetries;
      this.log('retrying reset');
      this.queue.stop = false;
      this.queue.next();
    }
  }

  #closed(socket, hadError) {
    const { config } = this;
    const lost = this.#wasConnected && !stats.isClosed(socket) ? stats.lost(socket) : 0;
    stats.close(this, socket, hadError);
    if (lost > 0) drop(this, socket, 'down', null, lost);
    this.queue.stop = true; // the answer that it waits for will not come (F12)
    this.log(
      'connection closed',
      this.id,
      this.path,
      this.retriesRemaining,
      'tries remaining of',
      config.maxRetries,
    );
    this._chosen?.settle(socket);
    const isOver = this.explicitlyDisconnected || this.protocolViolation;
    if (config.stopRetrying || this.retriesRemaining < 1 || isOver) {
      this.#trying = false;
      for (const message of this.#held) drop(this, socket, 'down', message);
      this.#dropHeld();
      this.#end();
      try {
        this.publish('disconnect');
      } finally {
        this.log(config.id, 'exceeded connection rety amount of', ' or stopRetrying flag set.');
        this.publish('destroy');
      }
      return;
    }
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = null;
      if (this.explicitlyDisconnected) return;
      this.retriesRemaining--;
      this.#retry++;
      stats.count(this, 'retries');
      this.#reconnect();
    }, config.retry ?? 500);
    const { retriesRemaining } = this;
    publish(channels.retry, this, { delay: config.retry ?? 500, retriesRemaining });
    this.publish('disconnect');
  }

  /** Nobody is there to catch what `connect` throws for a configuration that was changed meanwhile. */
  #reconnect() {
    try {
      this.connect();
    } catch (error) {
      publishError(this, error);
      this.publish('error', error);
      this.#closed(this.socket, true);
    }
  }

  /** No connection is there any more, and none will be, unless `connect` is called by hand. */
  #end() {
    publish(channels.destroy, this);
    this.#onEnded?.();
    this.#onEnded = null;
  }

  /** What was held is on its way. */
  #publishHeld() {
    if (this.#wasConnected || !channels.sent.hasSubscribers) return;
    for (const message of this.#held) publishSent(this, this.socket, message);
  }

  #dropHeld() {
    this.#heldSize = 0;
    this.#held = [];
  }

  #cancelRetry() {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
  }

  /**
   * Ends for good: what was emitted is sent, then the connection closed (F6); no retry (F8). `onEnded` is
   * called when it is closed, at once if it is so already.
   */
  _disconnect(onEnded = null) {
    const ended = this.#trying && this.#retryTimer !== null;
    this.explicitlyDisconnected = true;
    this.off('*', '*');
    this.#cancelRetry();
    this.#trying = false;
    if (this.socket && !standIns.closes(this.socket)) {
      this.socket.destroy?.();
      onEnded?.();
      return;
    }
    if (!this.socket || stats.isClosed(this.socket)) {
      if (ended) publish(channels.destroy, this);
      onEnded?.();
      return;
    }
    this.#onEnded = onEnded;
    if (this.socket.destroyed) return;
    this.#publishHeld();
    this.#dropHeld();
    const waiting = this.queue.contents?.splice(0) ?? [];
    const wasConnected = this.#wasConnected;
    this.#wasConnected = true; // to the socket, even if it is still connecting
    for (const send of waiting) send();
    this.#wasConnected = wasConnected;
    this.socket._close();
  }

  // ---- called by stats.js and socket.js --------------------------------------------------------

  /** Messages go to the connection that will come up, however many attempts that takes. */
  get _holds() {
    return !this.#wasConnected;
  }

  /** `{state, held, heldSize, queuedSize}`: messages that are held, and the sizes of these and of the queue. */
  get _status() {
    let state = 'closed';
    if (this.#retryTimer !== null) state = 'waiting';
    else if (this.socket && !this.socket.destroyed) {
      state = this.socket.connecting ? 'connecting' : 'connected';
    }
    const { length = 0 } = this.queue.contents ?? [];
    return {
      state,
      held: this.#held.length,
      heldSize: this.#heldSize,
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
    return (queue.contents?.length ?? 0) === 0 && (this.#wasConnected || this.#held.length === 0);
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
}

module.exports = Client;

'use strict';
// The bound socket that users of a UDP server see as `ipc.server.server`: a dgram.Socket without a handle
// of Node's own. Used by server.js, which takes it for a listener (see listener.js): `_listenHost`,
// `close`, `_closed`, 'listening', 'error', 'close'.
//
// Its life, its sending and its receiving are here; the rest of the interface is in dgram-socket.js.

const net = require('node:net');
const { both, core, lazily } = require('../core');
const dns = core('dns');
const DgramSocket = require('./dgram-socket');
const { DatagramReports, infoOf } = require('./datagram-reports');
const engine = require('../engine/engine');
const { Scope } = require('../engine/scope');
const Peers = require('./peers');
const cluster = require('./cluster');
const WaitingDatagrams = require('./waiting-datagrams');
const { addressError: failure, systemError, tooLargeError } = require('../errors');

const clusterDatagrams = lazily(() => require('./cluster-datagrams'));

/**
 * Events as those of dgram.Socket: 'listening', 'message' (buffer, rinfo) for each datagram, whatever
 * else becomes of it, 'error', 'close'. The server's own messages go to `owner`, see server.js.
 *
 * The socket belongs to the server, which binds it and closes it.
 */
class DatagramSocket extends DgramSocket {
  #owner;
  /** What is told of its datagrams. */
  #reports;
  /** From when it is to be bound. */
  #scope = null;
  #framing;
  /** The engine's socket; null before it is bound and after it is closed. */
  #endpoint = null;
  /** The same, but kept: it has the counters. */
  #counted = null;
  /** What the engine was told: raw bytes instead of frames, bytes before their frames. */
  #raw;
  #tapped = false;
  #binding = false;
  #closing = false;
  #closed = false;
  /** It has ended though nobody has closed it: there was an error. */
  #failed = false;
  #unrefed = false;
  #address = null;
  #peers = new Peers();
  #needDrain = false;
  /** What waits for the socket to be bound. */
  #held = [];
  /** Host -> what waits for its look-up. */
  #lookUps = new Map();
  #waiting;
  /** In a cluster's worker: see cluster-datagrams.js. */
  #holder = null;
  /** `{peer, left}`: the datagram whose messages are told as bytes, and how many of its bytes are left. */
  #under = null;

  /** `type`: udp4 or udp6. `framing`: `{delimiter, maxFrame, linger, raw}`. */
  constructor(type, owner, framing) {
    super(type);
    this.#owner = owner;
    this.#framing = framing;
    this.#raw = framing.raw;
    this.#reports = new DatagramReports(owner, framing);
    this.#waiting = new WaitingDatagrams(this.#reports);
  }

  // ---- life ------------------------------------------------------------------------------------

  /** Binds to a host's first address; 'listening' or 'error' follows in a later turn. */
  _listenHost(host, port) {
    this.#scope = new Scope('ferripc.DatagramSocket');
    this.#binding = true;
    const family = net.isIP(host);
    if (family === this._family) {
      this.#bind(host, port);
    } else if (family !== 0) {
      this.#bindFailed(failure('bind', 'EINVAL', host, port)); // as in Node
    } else {
      engine.load(); // what it may throw is for the caller
      dns.lookup(host, { family: this._family }, (error, address) => {
        if (this.#closing) return;
        if (error) this.#bindFailed(error);
        else this.#bind(address, port);
      });
    }
  }

  #bind(address, port) {
    if (cluster.isShared({})) {
      engine.load(); // what it may throw is for the caller
      const { bind } = clusterDatagrams();
      bind(address, port, this.#framing, this, (bound) => this.#bound(bound));
    } else {
      this.#bound(engine.bind(address, port, this.#framing, this));
    }
  }

  #bound(bound) {
    if (bound.failure || bound.error) {
      this.#bindFailed(bound.failure ?? systemError(bound.error));
      return;
    }
    this.#holder = bound.holder ?? null;
    this.#binding = false;
    this.#endpoint = bound.datagrams;
    this.#counted = bound.datagrams;
    this.#address = bound.address;
    if (this.#unrefed) this.#endpoint.unref();
    this.#configure();
    for (const item of this.#waiting.take(this.#held.splice(0))) this.#dispatch(item);
    this.#endpoint.announce(() => {
      const tell = () => this.listening && this.emit('listening');
      both(tell, () => this.#configure()); // switched after `start()`, or by who hears of it
    });
  }

  #bindFailed(error) {
    this.#binding = false;
    this.#waiting.refuse(this.#held.splice(0), error);
    if (!this.#closing) this.#fail(error);
  }

  /** Bound, and not closed. */
  get listening() {
    return this.#endpoint !== null && !this.#closing;
  }

  /** `close` was called. */
  get _closed() {
    return this.#closing;
  }

  /** What the server's `start` event carries. */
  get _bound() {
    const { address, port } = this.#address;
    return { address, port };
  }

  /** Sends what was emitted before, and closes. Also when closed already. */
  close(callback) {
    if (typeof callback === 'function') {
      if (this.#closed) engine.soon(callback);
      else this.once('close', callback);
    }
    if (this.#closing) return this;
    this.#closing = true;
    this.#waiting.refuse(this.#held.splice(0), this._notRunning());
    if (this.#endpoint === null) engine.soon(() => this._onClosed());
    else if (this.#lookUps.size === 0) this.#endpoint.close(this.#framing.linger);
    return this;
  }

  /** Resolves when the socket is closed. */
  _whenClosed() {
    return new Promise((resolve) => {
      if (this.#closed) resolve();
      else this.prependOnceListener('close', resolve); // before handlers, which may throw
    });
  }

  // ---- sending ---------------------------------------------------------------------------------

  /**
   * Sends a message (text or bytes) to an address or a host. True: accepted. False: accepted, but
   * `drain` should be awaited; or dropped because the socket is closed or too much waits.
   */
  _sendTo(data, address, port) {
    if (!this.#isOpen()) {
      this.#reports.dropped({ address, port }, 'down', data);
      if (this.#failed) this.#fail(this.#ended());
      return false;
    }
    this.#configure();
    const item = { data, address, port, callback: null };
    const below = this.#dispatch(item);
    this.#needDrain ||= !below && item.sent;
    return below;
  }

  /** Sends a message to every peer that was heard within the last `timeout` ms. As `_sendTo`. */
  _broadcast(data, timeout, isWanted = null) {
    if (this.#failed) this.#fail(this.#ended());
    if (this.#endpoint === null || this.#closing) return !this.#failed;
    let below = true;
    const all = this.#peers.alive(timeout);
    // Asked before the first is sent to: it may throw.
    const peers = isWanted === null ? all : [...all].filter((peer) => isWanted(infoOf(peer)));
    for (const peer of peers) {
      below = this.#endpoint.send(data, peer.words, peer.port) && below;
      this.#reports.sent(peer, data);
    }
    this.#needDrain ||= !below;
    return below;
  }

  /** Why nothing can be sent: it has ended by itself. Null: it has not. Told for each message, as by node:dgram. */
  #ended() {
    return this.#failed ? this._notRunning() : null;
  }

  #isOpen() {
    return !this.#closing && (this.#endpoint !== null || this.#binding);
  }

  /** `item`: `{data, address, port, callback}`. */
  #dispatch(item) {
    if (this.#endpoint === null) return this.#hold(item, this.#held);
    const words = this.#endpoint.words(item.address);
    if (words !== null) return this.#transmit(item, words);
    const waiting = this.#lookUps.get(item.address);
    if (waiting !== undefined) return this.#hold(item, waiting);
    const first = [];
    const held = this.#hold(item, first);
    if (held) this.#lookUp(item.address, first);
    return held;
  }

  #lookUp(host, waiting) {
    this.#lookUps.set(host, waiting);
    dns.lookup(host, { family: this._family }, (error, address) => {
      this.#lookUps.delete(host);
      const words = (error ? null : this.#endpoint?.words(address)) ?? null;
      const why = error ?? this.#ended() ?? failure('send', 'EINVAL', host, waiting[0].port);
      if (words !== null) {
        for (const item of this.#waiting.take(waiting)) this.#transmit(item, words);
      } else if (this.#waiting.refuse(waiting, why)) {
        this.#fail(why); // one event for one look-up, however many waited for it
      }
      if (this.#closing && this.#lookUps.size === 0) this.#endpoint?.close(this.#framing.linger);
    });
  }

  #hold(item, list) {
    const refused = this.#waiting.hold(item, list);
    if (refused !== null && item.callback === null) this.#fail(refused);
    return refused === null;
  }

  #transmit(item, words) {
    const { data, port, callback } = item;
    item.sent = true;
    if (callback === null) {
      this.#reports.sent(item, data);
      return this.#endpoint.send(data, words, port);
    }
    this.#endpoint.sendOne(data, words, port, (failed) => {
      if (failed) engine.soon(() => callback(systemError(failed)));
      else engine.soon(() => callback(null, data.length));
    });
    return true;
  }

  #fail(error) {
    engine.soon(() => this.emit('error', error));
  }

  // ---- what the engine reports -----------------------------------------------------------------

  get _scope() {
    return this.#scope;
  }

  _onPeer(words) {
    return this.#peers.heard(words, this.#endpoint);
  }

  _onDatagram(sender, size) {
    this.#reports.logReceived(sender);
    return infoOf(sender, size);
  }

  _onFrame(frames, peer) {
    if (this.#owner._takesBytes) {
      this.#configure(); // switched since it was received
      this.#reports.receivedBytes(peer, frames.frame);
      this.#owner.publish('data', this.#bytesOf(frames.frame, peer), peer);
    } else {
      this.#owner._onFrame(peer, frames);
    }
  }

  /** A message as it was received: the last one of a datagram may have come without its delimiter. */
  #bytesOf(frame, peer) {
    const left = this.#under?.peer === peer ? this.#under.left : peer.size;
    const bytes = Buffer.from(frame + this.#framing.delimiter).subarray(0, left);
    this.#under = { peer, left: left - bytes.length };
    return bytes;
  }

  _onBytes(buffer, sender, framed) {
    this.#configure();
    const { length } = buffer;
    const tell = () => this.emit('message', buffer, infoOf(sender, length));
    if (framed) {
      tell();
      return;
    }
    both(tell, () => {
      this.#reports.logReceived(sender);
      this.#owner._onRaw(infoOf(sender, length), buffer, sender);
    });
  }

  _onTooLarge(sender, { size, length }) {
    const error = tooLargeError(length, this.#framing.maxFrame);
    this.#reports.tooLarge(infoOf(sender, size), length);
    this.#owner._onBadFrame(infoOf(sender, size), error);
  }

  _onFailed(reported) {
    const { code, syscall } = reported;
    if (syscall === 'send') {
      this.#reports.dropped(reported, code === 'ENOBUFS' ? 'full' : 'failed', null);
    }
    this.emit('error', systemError(reported));
  }

  _onDrain() {
    if (!this.#needDrain) return;
    this.#needDrain = false;
    this.#owner._onDrain(this);
  }

  _onClosed() {
    this.#failed = !this.#closing;
    this.#closing = true;
    this.#closed = true;
    this.#endpoint = null;
    this.#holder?.stop();
    this.#address = null;
    try {
      this.emit('close');
    } finally {
      this.#scope?.end();
    }
  }

  /** Tells the engine what is wanted of received datagrams: raw mode is live (K6), and so is 'message'. */
  #configure() {
    const raw = this.#owner._takesBytes;
    const tapped = !raw && this.listenerCount('message') > 0;
    if (raw === this.#raw && tapped === this.#tapped) return;
    this.#raw = raw;
    this.#tapped = tapped;
    this.#endpoint?.configure(raw, tapped);
  }

  // ---- what dgram.Socket answers, besides dgram-socket.js -------------------------------------

  on(type, listener) {
    super.on(type, listener);
    if (type === 'message') this.#configure();
    return this;
  }

  addListener(type, listener) {
    return this.on(type, listener);
  }

  prependListener(type, listener) {
    super.prependListener(type, listener);
    if (type === 'message') this.#configure();
    return this;
  }

  /** This socket's counters, see stats.js. */
  get _counted() {
    return this.#counted?.traffic(this.#closed ? 0 : this.#waiting.size) ?? null;
  }

  get _open() {
    return this.listening ? this.#endpoint : null;
  }

  _post(data, address, port, callback) {
    if (!this.#isOpen()) throw this._notRunning();
    this.#dispatch({ data, address, port, callback });
  }

  /** The bound address, port and family. */
  address() {
    if (this.#address === null) throw this._notOpen('getsockname');
    return { ...this.#address };
  }

  /** Bytes that wait to be sent. */
  getSendQueueSize() {
    return this.#waiting.size + (this.#endpoint?.waiting()[0] ?? 0);
  }

  /** Datagrams that wait to be sent. */
  getSendQueueCount() {
    return this.#waiting.count + (this.#endpoint?.waiting()[1] ?? 0);
  }

  ref() {
    this.#unrefed = false;
    this.#endpoint?.ref();
    return this;
  }

  unref() {
    this.#unrefed = true;
    this.#endpoint?.unref();
    return this;
  }
}

Object.defineProperty(DatagramSocket, 'name', { value: 'Socket' }); // as Node's, for whoever looks at `constructor.name`

module.exports = DatagramSocket;

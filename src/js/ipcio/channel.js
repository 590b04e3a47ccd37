'use strict';
// The sockets of ipcIO, that of the domain and those of the pairs, as their sessions see them: messages in and
// out. Used by server.js and client.js.

const { channels, drop, publishReceived } = require('../diagnostics/channels');
const { ours } = require('../sockets/own-listeners');
const { argumentError, codedError } = require('../errors');
const { NOT_JSON, NOT_A_MESSAGE, decode, encode } = require('./message');
const Pace = require('./pace');

/** Number of ipcIO -> code and text of what is reported. */
const PROBLEMS = {
  [NOT_JSON]: ['ERR_IPCIO_NOT_JSON', 'Received what is not JSON'],
  [NOT_A_MESSAGE]: ['ERR_IPCIO_NOT_A_MESSAGE', 'Received JSON that is not a message'],
};

/** Socket -> its Channel. */
const channelOf = new WeakMap();

/** The owner of sockets (see sockets/socket.js): of one that connects, or of all that a listener accepts. */
class Owner {
  /** `party` is told about errors; the rest is for subscribers of diagnostics. `sockets`: a server's sockets. */
  constructor(party, path, sockets) {
    this.party = party;
    this.path = path;
    this.id = party._domain;
    this.sockets = sockets;
  }

  _onFrame(socket, frames) {
    channelOf.get(socket)?.received(frames.frame, this);
  }

  _onPartial() {}

  _onBadFrame(socket, error) {
    const channel = channelOf.get(socket);
    if (channel !== undefined && error.code === 'ENOBUFS') channel.refusal = error;
    this.party._report(error);
  }

  _onDrain() {}
}

/** One connection. */
class Channel {
  #party;
  #receive;
  #pace;
  #heldBack = false;
  /** Why the last message was not accepted. */
  refusal = null;

  /** `receive(message)` gets each message, see message.js. */
  constructor(party, socket, receive) {
    this.#party = party;
    this.#receive = receive;
    this.socket = socket;
    this.#pace = new Pace(socket, {
      most: party._readOfPeers,
      maxQueued: party._framing.maxQueued,
      linger: party._framing.linger,
      write: (item) => this.#write(item),
    });
    channelOf.set(socket, this);
    socket.writeCommand = (command, data, callback) => this.writeCommand(command, data, callback);
    const onError = (error) => party._report(error);
    socket.on('error', ours(onError));
  }

  /**
   * As handlers call it: sends a command. False: too much waits. `callback` is called, as that of `write`, when
   * the system has it or cannot have it any more.
   */
  writeCommand(command, data, callback) {
    if (callback !== undefined && typeof callback !== 'function') {
      throw argumentError('callback', 'of type function', callback);
    }
    const sent = (error) => (error ? callback(error) : this.socket.write('', callback));
    return this.sendFor(encode({ command, data }), callback && sent);
  }

  /** Sends a message, see message.js. False: too much waits, or the socket is closed. */
  send(message) {
    return this.sendFor(encode(message));
  }

  /**
   * As `send`, of its text. `sent(error)` is called when the system has it, or will not have it. `entry`: what
   * `takeBack` returns if it has not left.
   */
  sendFor(text, sent, entry) {
    const party = this.#party;
    party._log('sent', text);
    const data = party._encoding === null ? text : Buffer.from(text, party._encoding);
    const length = Buffer.byteLength(data);
    party._watchLength(length);
    const refuse = (error) => {
      party._report(error);
      sent?.(error);
    };
    return this.#pace.offer({ data, length, sent, refuse, entry });
  }

  /**
   * What comes after the end of our side is dropped. Written to the stream it would be an error that destroys the socket, and
   * with it what the peer has sent and nobody has read yet: the last messages of one that leaves.
   */
  #write({ data, sent }) {
    const { socket } = this;
    if (socket.writableEnded && !socket.destroyed) {
      drop(socket._owner, socket, 'down', data);
      sent?.(codedError('ERR_IPCIO_DISCONNECTED', 'The connection is ending'));
      return false;
    }
    this.refusal = null;
    const below = socket._send(data);
    if (!sent) return below;
    if (below) sent();
    else if (this.refusal !== null) sent(this.refusal);
    else socket.write('', sent);
    return below;
  }

  /** Bytes that have not left. */
  get #unsent() {
    return this.#pace.queued + this.socket.writableLength;
  }

  /**
   * Reads no more while more than `most` bytes wait here, or at `other`, another channel of the same peer: one that goes
   * on asking and does not read the answers.
   */
  holdBack(most, other) {
    const full = [this, other].find((it) => it && it.#unsent > most);
    if (full === undefined || this.#heldBack) return;
    this.#heldBack = true;
    this.socket.pause();
    const goOn = () => {
      this.#heldBack = false;
      this.socket.resume();
      this.holdBack(most, other);
    };
    full.socket.once('drain', ours(goOn));
  }

  /** The entries of messages that have not left. Those without go the way of this connection. */
  takeBack() {
    const items = this.#pace.takeBack();
    for (const item of items) if (item.entry === undefined) this.#write(item);
    return items.map(({ entry }) => entry).filter((entry) => entry !== undefined);
  }

  received(text, owner) {
    this.#party._log('received', text);
    const message = decode(text);
    if (message.problem !== undefined) {
      const [code, what] = PROBLEMS[message.problem];
      this.#party._report(codedError(code, what, { number: message.problem }));
      return;
    }
    if (channels.received.hasSubscribers) {
      publishReceived(owner, this.socket, message.command, text);
    }
    this.#receive(message);
  }

  /** Closes it when what was sent has reached the system. Resolves then. */
  close() {
    const { socket } = this;
    if (socket.closed) return Promise.resolve();
    // First: what others do then may throw, which the rest does not hear.
    const closed = new Promise((resolve) => socket.prependOnceListener('close', ours(resolve)));
    this.#pace.endWith(() => socket._close());
    return closed;
  }
}

module.exports = { Channel, Owner };

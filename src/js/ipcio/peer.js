'use strict';
// A client of an ipcIO domain, as its server knows it: from its handshake on, which is before its own connection comes.
// Made by server.js.

const { core } = require('../core');
const { randomUUID } = core('crypto');
const { noBufferError } = require('../errors');
const { encode } = require('./message');

/** What the path of a client's socket ends in. */
const newUuid = () => randomUUID().replaceAll('-', '');

class Peer {
  /** Its connection; null until it has come. */
  channel = null;
  /** The net.Server of its socket. */
  server = null;
  /** Deliveries to other clients that it waits for. */
  waiting = 0;
  #early = [];
  #earlyLength = 0;
  #party;
  #domain;

  /** `party`: its server, which is told what is refused. `domain`: its connection to the domain's socket. */
  constructor(name, party, domain) {
    this.name = name;
    this.#party = party;
    this.#domain = domain;
    this.uuid = newUuid();
  }

  /** Whether one of its connections has ended. */
  get isLeaving() {
    return [this.#domain, this.channel].some(
      (it) => it?.socket.destroyed || it?.socket.readableEnded,
    );
  }

  /** What handlers get, besides data. */
  get container() {
    const { uuid, name, channel, server } = this;
    return { uuid, name, socket: channel.socket, server };
  }

  send(message) {
    this.sendText(encode(message));
  }

  sendText(text) {
    const { maxQueued } = this.#party._framing;
    if (this.channel !== null) {
      this.channel.sendFor(text);
      return;
    }
    const early = this.#earlyLength + Buffer.byteLength(text);
    if (early > maxQueued) {
      this.#party._report(noBufferError(maxQueued));
    } else {
      this.#earlyLength = early;
      this.#early.push(text);
    }
  }

  /** Resolves when its connection has ended, or will not come any more. */
  async close() {
    if (this.channel === null) await new Promise((resolve) => this.server.close(resolve));
    await this.channel?.close();
  }

  connected(channel) {
    this.channel = channel;
    for (const text of this.#early) channel.sendFor(text);
    this.#early = [];
  }
}

module.exports = { Peer, newUuid };

'use strict';
// What a datagram socket reports about its datagrams to channels, counters and the log. A message is reported without
// its delimiter, as with connections. Used by datagram-socket.js and waiting-datagrams.js.

const { channels, drop, publishReceived, publishSent } = require('../diagnostics/channels');

class DatagramReports {
  #owner;
  #delimiter;

  /** `owner`: the server that sends and receives. */
  constructor(owner, { delimiter }) {
    this.#owner = owner;
    this.#delimiter = delimiter;
  }

  /** The message of a datagram; bytes are one as they are. */
  #message(data) {
    if (typeof data !== 'string' || !data.endsWith(this.#delimiter)) return data;
    return data.slice(0, data.length - this.#delimiter.length);
  }

  /** A message was accepted, for a peer or anything else with an address and a port. */
  sent(to, data) {
    if (!channels.sent.hasSubscribers) return;
    const { address, family, port } = to;
    const peer = family === undefined ? { address, port } : infoOf(to);
    publishSent(this.#owner, peer, this.#message(data));
  }

  /** A message is not sent. `data` is null if it is not known any more. */
  dropped({ address, port }, reason, data) {
    drop(this.#owner, { address, port }, reason, data === null ? null : this.#message(data));
  }

  /** Bytes are delivered as a message. */
  receivedBytes(peer, frame) {
    if (channels.received.hasSubscribers) {
      publishReceived(this.#owner, peer, null, Buffer.from(frame));
    }
  }

  /** A message of so many bytes was too long. */
  tooLarge(peer, length) {
    drop(this.#owner, peer, 'tooLarge', length);
  }

  logReceived({ address, port }) {
    const { config } = this.#owner;
    if (!config.silent) this.#owner.log('Received UDP message from ', address, port);
  }
}

/** What handlers get as a datagram's peer: an object of its own for each, as from node:dgram. */
function infoOf({ address, family, port }, size) {
  return { address, family, port, size };
}

module.exports = { DatagramReports, infoOf };

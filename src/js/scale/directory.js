'use strict';
// The other servers of a cluster and their clients, as far as this server knows. Made by members.js.

const Peer = require('./peer');

/** Most servers at a time: limits what a publisher with ever new names can occupy. */
const MOST_PEERS = 1024;

/** Servers that are remembered when they are gone, so that their late messages are known as such. */
const MOST_FORMER = 1024;

class Directory {
  #subjectOf;
  /** Instance -> Peer. */
  #peers = new Map();
  #former = new Map();
  /** A client's id -> the peers that have it, the newest last. */
  #holders = new Map();
  #onClient;

  /** `subjectOf(instance)`; `onClient(peer, id, more)` hears of each client. */
  constructor(subjectOf, onClient) {
    this.#subjectOf = subjectOf;
    this.#onClient = onClient;
  }

  get(instance) {
    return this.#peers.get(instance);
  }

  /** All that are here, also those whose clients are not known yet. */
  get peers() {
    return [...this.#peers.values()];
  }

  /** Those whose clients are known. */
  get listed() {
    return this.peers.filter((peer) => peer.isListed);
  }

  /** The server that a message is from; null if it has ended, or there are too many. */
  meet(instance) {
    const known = this.#peers.get(instance);
    if (known !== undefined) return known;
    if (this.#peers.size >= MOST_PEERS) return null;
    const former = this.#former.get(instance);
    if (former?.ended) return null;
    this.#former.delete(instance);
    const peer = former ?? new Peer(instance, this.#subjectOf(instance), this.#onCount);
    peer.isHeard = true;
    this.#peers.set(instance, peer);
    return peer;
  }

  /** A server is gone. */
  remove(peer) {
    this.#peers.delete(peer.instance);
    peer.clear();
    this.#former.set(peer.instance, peer);
    if (this.#former.size > MOST_FORMER) this.#former.delete(this.#former.keys().next().value);
  }

  /** The servers that have a client with this id, the newest last. */
  holders(id) {
    return [...(this.#holders.get(id) ?? [])];
  }

  #onCount = (peer, id, more, count) => {
    let holders = this.#holders.get(id);
    if (count === 0) {
      holders.delete(peer);
      if (holders.size === 0) this.#holders.delete(id);
    } else if (more > 0) {
      if (holders === undefined) this.#holders.set(id, (holders = new Set()));
      holders.delete(peer);
      holders.add(peer);
    }
    this.#onClient(peer, id, more);
  };
}

module.exports = Directory;

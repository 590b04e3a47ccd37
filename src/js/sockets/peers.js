'use strict';
// Who has sent something to a UDP server and may be broadcast to (K15, F14): a bounded table with
// expiry, without timers. Used by datagram-socket.js.

const { ADDRESS, FAMILY, PORT } = require('../engine/datagrams');
const time = require('../core');

/** Peers that are remembered; beyond them the one that was silent for longest is forgotten. */
const MOST_PEERS = 1024;

class Peers {
  /** Key -> `{address, family, port, words, heard}`, the one heard last at the end. */
  #peers = new Map();
  #last = null;
  #lastKey = null;

  /** Notes that something came to `datagrams` from the address with these numbers. */
  heard(words, datagrams) {
    const key = keyOf(words);
    let peer = this.#last;
    if (key !== this.#lastKey) {
      peer = this.#peers.get(key) ?? makePeer(words, datagrams);
      this.#peers.delete(key);
      if (peer.port !== 0) this.#peers.set(key, peer); // nobody can be reached at port 0
      this.#last = peer;
      this.#lastKey = key;
      if (this.#peers.size > MOST_PEERS) this.#peers.delete(this.#peers.keys().next().value);
    }
    peer.heard = time.clock();
    return peer;
  }

  /** Those heard within the last `timeout` ms; the others are forgotten. */
  alive(timeout) {
    const now = time.clock();
    for (const [key, peer] of this.#peers) {
      if (now - peer.heard <= timeout) break;
      this.#peers.delete(key);
      if (peer === this.#last) this.#last = this.#lastKey = null;
    }
    return this.#peers.values();
  }
}

function makePeer(words, datagrams) {
  const family = words[FAMILY] === 4 ? 'IPv4' : 'IPv6';
  const address = datagrams.text(words);
  return { address, family, port: words[PORT], words: words.slice(), heard: 0 };
}

/** For IPv4 a number, which is cheap to make: the address and the port. */
function keyOf(words) {
  return words[FAMILY] === 4 ? words[ADDRESS] * 0x10000 + words[PORT] : words.join();
}

module.exports = Peers;

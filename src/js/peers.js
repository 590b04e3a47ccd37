'use strict';
// Who has sent something to a UDP server and may be broadcast to (K15, F14): a bounded table with
// expiry, without timers. Used by datagram-socket.js.

const { ADDRESS, FAMILY, PORT } = require('./datagrams');

/** Peers that are remembered; beyond them the one that was silent for longest is forgotten. */
const MOST_PEERS = 1024;

class Peers {
  /** Key -> `{address, family, port, words, heard}`, the one heard last at the end. */
  #peers = new Map();
  #last = null;
  #lastKey = null;

  /** Notes that something came from the address with these numbers; `text` makes its text. */
  heard(words, text) {
    const key = keyOf(words);
    let peer = this.#last;
    if (key !== this.#lastKey) {
      peer = this.#peers.get(key) ?? this.#make(words, text);
      this.#peers.delete(key);
      this.#peers.set(key, peer);
      this.#last = peer;
      this.#lastKey = key;
      if (this.#peers.size > MOST_PEERS) this.#peers.delete(this.#peers.keys().next().value);
    }
    peer.heard = performance.now();
    return peer;
  }

  #make(words, text) {
    const family = words[FAMILY] === 4 ? 'IPv4' : 'IPv6';
    return { address: text(words), family, port: words[PORT], words: words.slice(), heard: 0 };
  }

  /** Those heard within the last `timeout` ms; the others are forgotten. */
  alive(timeout) {
    const now = performance.now();
    for (const [key, peer] of this.#peers) {
      if (now - peer.heard <= timeout) break;
      this.#peers.delete(key);
      if (peer === this.#last) this.#last = this.#lastKey = null;
    }
    return this.#peers.values();
  }
}

/** For IPv4 a number, which is cheap to make: the address and the port. */
function keyOf(words) {
  return words[FAMILY] === 4 ? words[ADDRESS] * 0x10000 + words[PORT] : words.join();
}

module.exports = Peers;

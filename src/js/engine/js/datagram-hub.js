'use strict';
// The calls of a hub that are about datagram sockets: as src/binding/datagrams.rs. What hub.js is made from.

const { Datagrams } = require('./udp');

class DatagramHub {
  #ids = 0;
  #sockets = new Map();

  /** One number after the other, for whatever a hub has. */
  _takeId() {
    return this.#ids++;
  }

  _hasDatagrams(id) {
    return this.#sockets.has(id);
  }

  _dropDatagrams(id) {
    return this.#sockets.delete(id);
  }

  _destroyDatagrams() {
    for (const datagrams of this.#sockets.values()) datagrams.destroy();
  }

  bindDatagrams(address, port, framing) {
    return this.#keep(framing, (datagrams) => datagrams.bind(address, port));
  }

  /** `holder`: a bound socket of Node's. */
  adoptDatagrams(holder, framing) {
    return this.#keep(framing, (datagrams) => datagrams.take(holder));
  }

  #keep(framing, begin) {
    const id = this._takeId();
    const datagrams = new Datagrams(this, id, framing);
    const answer = begin(datagrams);
    if (!answer.error) this.#sockets.set(id, datagrams);
    return JSON.stringify({ id, ...answer });
  }

  sendDatagrams(id, text, targets, count) {
    return this.#sockets.get(id)?.sendText(text, targets, count) ?? 0;
  }

  sendDatagramBytes(id, bytes, targets, count) {
    return this.#sockets.get(id)?.sendBytes(bytes, targets, count) ?? 0;
  }

  /** Sends a datagram. A failure is not an event: `done` gets it, or null. */
  sendDatagram(id, bytes, target, done) {
    this.#sockets.get(id)?.sendOne(bytes, target, done);
  }

  closeDatagrams(id, linger) {
    this.#sockets.get(id)?.close(linger);
  }

  configureDatagrams(id, raw, tapped) {
    this.#sockets.get(id)?.configure(raw, tapped);
  }

  datagramsWaiting(id) {
    return this.#sockets.get(id)?.waiting ?? [0, 0];
  }

  datagramsSent(id) {
    return this.#sockets.get(id)?.sent ?? [0, 0];
  }

  datagramsOption(id, name, value) {
    return JSON.stringify(this.#sockets.get(id)?.option(name, value) ?? { value: 0 });
  }

  multicastInterface(id, address) {
    return JSON.stringify(
      this.#sockets.get(id)?.option('setMulticastInterface', address) ?? { value: 0 },
    );
  }

  membership(id, options) {
    return JSON.stringify(this.#sockets.get(id)?.membership(options) ?? { value: 0 });
  }
}

module.exports = { DatagramHub };

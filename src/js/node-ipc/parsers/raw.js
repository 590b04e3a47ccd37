'use strict';
// config.parser = 'raw': bytes as they are. One of node-ipc 14's parser classes; users may call its methods
// themselves, and extend it.

class RawParser {
  /** `config.encoding`: of strings that are sent. Default: UTF-8. */
  constructor(config = {}) {
    this.profile = 'raw';
    /** No messages: clients and servers hand the bytes of each read out as a `data` event. */
    this.raw = true;
    this.encoding = config.encoding ?? 'utf8';
  }

  /** The bytes of a payload: a Buffer as it is, anything else by Buffer.from. */
  encode(payload) {
    return Buffer.isBuffer(payload) ? payload : Buffer.from(payload, this.encoding);
  }

  format(payload) {
    return this.encode(payload);
  }

  read(rest, chunk, receive) {
    receive(chunk);
    return rest;
  }

  parse(chunk) {
    return [chunk];
  }

  decode(chunk) {
    return chunk;
  }
}

module.exports = RawParser;

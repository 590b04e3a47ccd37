'use strict';
// Deep import of node-ipc (K25): messages <-> text, for programs that write to sockets themselves.

const { Defaults } = require('../src/js/node-ipc/config');
const { framingOf } = require('../src/js/node-ipc/settings');
const { encode } = require('../src/js/node-ipc/wire');

module.exports = class EventParser {
  /** `config`: its `delimiter` is used; node-ipc's default without one. */
  constructor(config = new Defaults()) {
    this.delimiter = framingOf(config).delimiter;
  }

  /** The wire form of `{type, data}`, delimiter included. */
  format({ type, data }) {
    return encode(type, data) + this.delimiter;
  }

  /** The complete frames in `text`, without their delimiters. */
  parse(text) {
    return text.split(this.delimiter).slice(0, -1);
  }
};

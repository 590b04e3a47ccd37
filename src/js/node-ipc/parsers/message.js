'use strict';
// The parser that node-ipc 14 has as `node-ipc/parsers/message`: messages are js-message's objects, and what is
// none arrives as an event `error` instead of ending the connection. The public face is parsers/message.js.

const FastParser = require('./fast');

/** What js-message makes of a frame, as far as receivers see it. */
class Message {
  constructor(frame) {
    this.load(frame);
  }

  /** Takes a message's text; anything else becomes an `error`. */
  load(frame) {
    try {
      const { type, data } = JSON.parse(frame);
      if (!type) throw new TypeError('a message needs a type');
      Object.assign(this, { type, data });
    } catch (err) {
      const message = 'Invalid JSON response format';
      Object.assign(this, { type: 'error', data: { message, err, response: frame } });
    }
  }

  get JSON() {
    return JSON.stringify({ type: this.type, data: this.data });
  }

  toJSON() {
    return { type: this.type, data: this.data };
  }
}

class MessageParser extends FastParser {
  decode(frame) {
    return new Message(frame);
  }
}

module.exports = MessageParser;

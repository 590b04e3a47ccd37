'use strict';
// config.parser = 'fast': JSON messages with a delimiter, without limits. The base of the other parsers, in
// JavaScript: the engine does the same work for the parsers that are chosen by name, see profile.js. Users may
// call the methods themselves, and extend the class.

const { DEFAULT_DELIMITER } = require('../config');
const { argumentError } = require('../../errors');
const IPCProtocolError = require('./protocol-error');

class FastParser {
  /** @throws {TypeError} if `config.delimiter` is not a non-empty string */
  constructor(config = {}) {
    const { delimiter = DEFAULT_DELIMITER } = config;
    if (typeof delimiter !== 'string' || delimiter === '') {
      throw argumentError('config.delimiter', 'a non-empty string', delimiter);
    }
    this.delimiter = delimiter;
    this.profile = 'fast';
    this.raw = false;
    this.encoding = 'utf8';
  }

  /** The frame of a message, delimiter included. Data that is undefined becomes `{}`, everything else stays. */
  encode(type, data = {}) {
    return JSON.stringify({ type, data }) + this.delimiter;
  }

  /** The same for `{type, data}`. */
  format({ type, data }) {
    return this.encode(type, data);
  }

  /**
   * Calls `receive` with each message that `chunk` completes. `rest`: what the last call returned, `''` at first.
   * @throws {IPCProtocolError} at the first frame that breaks a rule
   */
  read(rest, chunk, receive) {
    const { frames, left } = this.#split(rest, chunk);
    for (const frame of frames) receive(this.decode(frame));
    return left;
  }

  /** `{events, remainder}`: the complete frames, without their delimiters, and what follows them. */
  push(rest = '', chunk = '') {
    const { frames, left } = this.#split(rest, chunk);
    return { events: frames, remainder: left };
  }

  /** The complete frames of a text. */
  parse(text) {
    return this.push('', text).events;
  }

  /**
   * What a frame says.
   * @throws {IPCProtocolError} ERR_IPC_INVALID_JSON
   */
  decode(frame) {
    try {
      return JSON.parse(frame);
    } catch {
      throw new IPCProtocolError('ERR_IPC_INVALID_JSON', 'a received message is not valid JSON');
    }
  }

  #split(rest, chunk) {
    const frames = ((rest || '') + chunk).split(this.delimiter);
    return { left: frames.pop(), frames };
  }
}

module.exports = FastParser;

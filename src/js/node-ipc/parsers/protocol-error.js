'use strict';
// What the parsers throw, and clients and servers report, when a message breaks a rule. node-ipc 14's name and
// codes, which programs compare. Used by everything in this folder.

class IPCProtocolError extends Error {
  /** `code`: begins with ERR_IPC_. */
  constructor(code, message) {
    super(message);
    this.name = 'IPCProtocolError';
    this.code = code;
  }
}

module.exports = IPCProtocolError;

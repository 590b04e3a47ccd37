'use strict';
// What clients and servers of node-ipc 14 have besides those of 9 and 10: `parser` and what goes with it. For
// programs and tests that reach for them; ferripc itself goes by the profile. Used by client.js and server.js.

/** Own data properties of that name are possible all the same: programs for 9 and 10 may have some. */
function getter(name, get) {
  return {
    configurable: true,
    enumerable: false,
    get,
    set(value) {
      Object.defineProperty(this, name, {
        value,
        configurable: true,
        enumerable: true,
        writable: true,
      });
    },
  };
}

function method(value) {
  return { configurable: true, enumerable: false, writable: true, value };
}

/** Adds them to a prototype, whose objects have a `_profile`. */
function addMembers(prototype) {
  Object.defineProperties(prototype, {
    /** The parser in use, or the one that speaks the same language where none was chosen. */
    parser: getter('parser', function () {
      return this._profile.parser;
    }),
    raw: getter('raw', function () {
      return this.parser.raw;
    }),
    encoding: getter('encoding', function () {
      return this.parser.encoding || 'utf8';
    }),
    encode: method(function (type, data) {
      return this.parser.encode(type, data);
    }),
    /** Takes what has come from a socket, text or bytes. */
    receive: method(function (socket, data) {
      this._profile.take(this, socket, data);
    }),
    /** Delivers `{type, data}`; on a server, as from `socket`. */
    dispatch: method(function (message, socket = this.socket) {
      this._profile.dispatch(this, socket, message);
    }),
  });
}

module.exports = addMembers;

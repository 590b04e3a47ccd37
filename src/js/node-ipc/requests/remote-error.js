'use strict';
// What a request is rejected with when the peer's handler threw: the parts of its error that are sent. Exported as
// `ipc.RemoteError`.

/** An Error whose `name`, `message` and `code` are those of the other side's. */
class RemoteError extends Error {
  /** `request`: the type that was asked for. */
  constructor(message, { name = 'Error', code, request } = {}) {
    super(message);
    Object.defineProperty(this, 'name', { value: name, configurable: true, writable: true });
    if (code !== undefined) this.code = code;
    if (request !== undefined) {
      // Where it was thrown is known to the other side alone.
      this.stack = `${name}: ${message}\n    at the handler of ${JSON.stringify(request)} (ferripc, remote)`;
    }
  }
}

module.exports = RemoteError;

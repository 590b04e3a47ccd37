'use strict';
// Listeners as engine.js hands them out: a handle of the native hub each. Made by engine.js, held by
// sockets/listener.js.

const { Endpoint } = require('./connection');

/**
 * A listener. Its sink (listener.js): _onAccepted(connection, addresses), _onAcceptFailed(error), _onDropped(addresses),
 * _onEnded() (it accepts nobody any more).
 */
class Listener extends Endpoint {
  constructor(activity, id, framing, sink) {
    super(activity, id, sink);
    this.delimiter = framing.delimiter;
    this.greeting = framing.greeting;
  }

  /**
   * Takes a connected socket of node:net: a duplicate of its descriptor, or the socket itself. Returns the error, or
   * undefined; null where there is no descriptor.
   */
  adopt(socket) {
    const { hub, driver } = this.activity;
    if (driver === 'js') return JSON.parse(hub.adopt(this.id, socket)).error;
    const { fd = -1 } = socket._handle ?? {};
    const answer = fd < 0 ? null : JSON.parse(hub.adopt(this.id, fd)).error;
    socket.destroy(); // closes Node's descriptor; the engine has its own
    return answer;
  }

  /** With TLS: how many handshakes may be going on, or null. What is over that is closed, see _onDropped. */
  limitHandshakes(most) {
    this.activity.hub?.limitHandshakes(this.id, most);
  }

  /** How many connections are taken in within a second. */
  limitRate(most) {
    this.activity.hub.limitRate(this.id, most);
  }

  /** Stops listening, synchronously. Connections that were made before are still reported. */
  close() {
    // It may have ended by itself, with all others.
    this.activity.hub?.closeListener(this.id);
  }
}

module.exports = { Listener };

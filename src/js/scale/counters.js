'use strict';
// What a cluster counts; see `ClusterStats` in index.d.ts. Made by cluster.js.

const { bytesOf, channels, publish } = require('../diagnostics/channels');

class Counters {
  received = 0;
  duplicates = 0;
  missed = 0;
  dropped = { down: 0, full: 0, tooLarge: 0, failed: 0, invalid: 0 };
  #server;

  constructor(server) {
    this.#server = server;
  }

  /** A message that was dropped. `body`: its text or bytes, or null if it is not known; `type`: the same. */
  drop(reason, body, type = null) {
    this.dropped[reason]++;
    if (!channels.dropped.hasSubscribers) return;
    const direction = reason === 'invalid' ? 'in' : 'out';
    const bytes = body === null ? null : bytesOf(body);
    const facts = { socket: null, peer: null, type, bytes, direction, reason };
    publish(channels.dropped, this.#server, facts);
  }

  /** A copy. */
  snapshot() {
    const { received, duplicates, missed, dropped } = this;
    return { received, duplicates, missed, dropped: { ...dropped } };
  }
}

module.exports = Counters;

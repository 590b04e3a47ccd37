'use strict';
// Listeners of the library's own on what users hold in their hands: sockets and listening servers. A program that
// calls `removeAllListeners` means its own; without ours nobody would know of the end of a connection. Used by the
// classes of this folder and by who listens to them.

const own = new WeakSet();

/** Marks `listener` as ours. Returns it. */
function ours(listener) {
  own.add(listener);
  return listener;
}

/** `Base`, a class of event emitters, whose `removeAllListeners` leaves ours alone. */
const keepsOurs = (Base) =>
  class extends Base {
    removeAllListeners(...types) {
      const all = types.length === 0 ? this.eventNames() : types;
      const kept = all.flatMap((type) =>
        this.rawListeners(type)
          .filter((it) => own.has(it.listener ?? it))
          .map((listener) => [type, listener]),
      );
      super.removeAllListeners(...types);
      for (const [type, listener] of kept) super.on(type, listener);
      return this;
    }
  };

module.exports = { keepsOurs, ours };

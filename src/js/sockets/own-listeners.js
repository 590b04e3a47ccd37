'use strict';
// The library's own listeners on objects that users have: sockets and listening servers. A program that calls
// `removeAllListeners` means its own listeners; without ours, the end of a connection would go unnoticed. Used by the
// classes of this folder and by the code that listens to them.

/** Marks our listeners. A WeakSet of them would cost each connection, and the garbage collector, several times as much. */
const OURS = Symbol('ferripc.ours');

/** Marks `listener` as ours. Returns it. */
function ours(listener) {
  listener[OURS] = true;
  return listener;
}

/** Implements `removeAllListeners(...types)` of `emitter`: `remove` is its base class's method. */
function removeTheirs(emitter, types, remove) {
  const all = types.length === 0 ? emitter.eventNames() : types;
  const kept = all.flatMap((type) =>
    emitter
      .rawListeners(type)
      .filter((it) => (it.listener ?? it)[OURS])
      .map((listener) => [type, listener]),
  );
  remove.apply(emitter, types);
  for (const [type, listener] of kept) emitter.on(type, listener);
  return emitter;
}

module.exports = { ours, removeTheirs };

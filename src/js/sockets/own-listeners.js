'use strict';
// The library's own listeners on objects that users have: sockets and listening servers. A program that calls
// `removeAllListeners` means its own listeners; without ours, the end of a connection would go unnoticed. Used by the
// classes of this folder and by the code that listens to them.

const own = new WeakSet();

/** Marks `listener` as ours. Returns it. */
function ours(listener) {
  own.add(listener);
  return listener;
}

/** Implements `removeAllListeners(...types)` of `emitter`: `remove` is its base class's method. */
function removeTheirs(emitter, types, remove) {
  const all = types.length === 0 ? emitter.eventNames() : types;
  const kept = all.flatMap((type) =>
    emitter
      .rawListeners(type)
      .filter((it) => own.has(it.listener ?? it))
      .map((listener) => [type, listener]),
  );
  remove.apply(emitter, types);
  for (const [type, listener] of kept) emitter.on(type, listener);
  return emitter;
}

module.exports = { ours, removeTheirs };

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

/** What `removeAllListeners(...types)` of `emitter` does: `remove` is that of its base. */
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

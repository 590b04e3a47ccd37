'use strict';
// Events as promises, for event emitters, streams and the event bus of clients and servers alike.

/** The arguments of the next event of `type`. */
function once(emitter, type) {
  return new Promise((resolve) => emitter.once(type, (...args) => resolve(args)));
}

/** The first arguments of the next `count` events of `type`. */
function collect(emitter, type, count) {
  return new Promise((resolve) => {
    const values = [];
    emitter.on(type, (value) => {
      values.push(value);
      if (values.length === count) resolve(values);
    });
  });
}

/** Records every event of a client or server as `[type, first argument]`. */
function record(bus) {
  const events = [];
  bus.on('*', (type, value) => events.push([type, value]));
  return events;
}

/** Resolves when `count` events of `type` have come, and counts on. */
function counter(emitter, type) {
  const waiting = [];
  const self = {
    count: 0,
    reaches(count) {
      if (self.count >= count) return Promise.resolve();
      return new Promise((resolve) => waiting.push({ count, resolve }));
    },
  };
  emitter.on(type, () => {
    self.count++;
    for (const waiter of waiting) if (self.count >= waiter.count) waiter.resolve();
  });
  return self;
}

module.exports = { once, collect, record, counter };

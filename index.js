'use strict';
// The package's CommonJS face: one IPC instance, shared with index.mjs, that also carries the classes
// to make more (K19, K21).

require('./src/js/engine/timers'); // before there can be fake ones
const IPC = require('./src/js/node-ipc/ipc');

/** An IPC that carries the IPC class, as node-ipc's does. */
class IPCModule extends IPC {
  constructor() {
    super();
    this.IPC = IPC;
  }
}

const singleton = new IPCModule();

// Not enumerable, so that nothing that walks the singleton (jest's automock, a spread) meets them.
Object.defineProperties(singleton, {
  default: { value: singleton },
  IPCModule: { value: IPCModule },
});

module.exports = singleton;

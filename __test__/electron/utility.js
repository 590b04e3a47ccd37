'use strict';
// Plays a utility process of Electron: loaded ahead of a helper's program by shell.js. It has process.parentPort and
// nothing of child_process's; and it lives on until it calls process.exit() or the main process ends.

const { EventEmitter } = require('node:events');

const send = process.send.bind(process);
// The rest of Node's channel stays: without it nothing would come.
for (const name of ['send', 'disconnect'])
  Object.defineProperty(process, name, { value: undefined });
process.type = 'utility';
Object.defineProperty(process, 'versions', { value: { ...process.versions, electron: '39.0.0' } });

/** Messages wait for the first listener, or for `start`. */
class Port extends EventEmitter {
  #waiting = [];

  constructor(post, byItself) {
    super();
    this.postMessage = post;
    if (byItself)
      this.on('newListener', (name) => name === 'message' && queueMicrotask(() => this.start()));
  }

  take(message) {
    if (this.#waiting === null) this.emit('message', message);
    else this.#waiting.push(message);
  }

  start() {
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const message of waiting) this.emit('message', message);
  }
}

const ports = [];
function portOf(index) {
  ports[index] = new Port((data) => send({ port: index, data }), false);
  return ports[index];
}

const parentPort = new Port((data) => send({ data }), true);
process.on('message', ({ port, ports: handed, data }) => {
  if (port === undefined) parentPort.take({ data, ports: handed.map(portOf) });
  else ports[port].take({ data, ports: [] });
});
process.once('disconnect', () => process.exit());
Object.defineProperty(process, 'parentPort', { value: parentPort, enumerable: true });

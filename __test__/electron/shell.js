'use strict';
// Plays Electron for a program of its main process, in plain Node: `node --require shell.js main.js`. There is as much of
// the module `electron` as examples/electron, docs/electron.md and electron.test.js use, by what Electron documents.

const { spawn } = require('node:child_process');
const { EventEmitter } = require('node:events');
const Module = require('node:module');
const path = require('node:path');
const { MessageChannel } = require('node:worker_threads');

process.type = 'browser';
Object.defineProperty(process, 'versions', { value: { ...process.versions, electron: '39.0.0' } });

/** One end of a channel: what arrives waits for `start`, and comes as `{data, ports}`. */
class MessagePortMain extends EventEmitter {
  constructor(port) {
    super();
    this.port = port;
  }

  start() {
    this.port.on('message', (data) => this.emit('message', { data, ports: [] }));
    this.port.on('close', () => this.emit('close'));
  }

  postMessage(data) {
    this.port.postMessage(data);
  }

  close() {
    this.port.close();
  }
}

class MessageChannelMain {
  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.port1 = new MessagePortMain(port1);
    this.port2 = new MessagePortMain(port2);
  }
}

/** A process without a channel of Node's own, see utility.js. */
class UtilityProcess extends EventEmitter {
  #ports = [];
  #child;

  constructor(file, args, { env = process.env, stdio = 'inherit' }) {
    super();
    const [out, err] = Array.isArray(stdio) ? stdio.slice(1) : [stdio, stdio];
    this.#child = spawn(
      process.execPath,
      ['--require', path.join(__dirname, 'utility.js'), file, ...args],
      { env, stdio: ['ignore', out, err, 'ipc'], serialization: 'advanced' },
    );
    this.#child.on('spawn', () => this.emit('spawn'));
    this.#child.on('exit', (code) => {
      for (const port of this.#ports) port.close();
      this.emit('exit', code);
    });
    this.#child.on('message', ({ port, data }) => {
      if (port === undefined) this.emit('message', data);
      else this.#ports[port].postMessage(data);
    });
  }

  /** The ports are in the helper from now on. */
  postMessage(data, transfer = []) {
    const ports = transfer.map(({ port }) => {
      const index = this.#ports.push(port) - 1;
      port.on('message', (it) => this.#child.send({ port: index, data: it }));
      return index;
    });
    this.#child.send({ data, ports });
  }

  kill() {
    return this.#child.kill();
  }
}

const electron = {
  app: Object.assign(new EventEmitter(), { whenReady: async () => {}, quit: () => process.exit() }),
  BrowserWindow: class {
    setProgressBar() {}
  },
  MessageChannelMain,
  utilityProcess: {
    fork: (file, args = [], options = {}) => new UtilityProcess(file, args, options),
  },
};

const load = Module._load;
Module._load = (name, ...rest) => (name === 'electron' ? electron : load(name, ...rest));

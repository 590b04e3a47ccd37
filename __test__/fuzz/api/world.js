'use strict';
// Two instances of node-ipc's API, and what has come of them, for the API fuzz. Used by play.js.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { IPC } = require('../../..');
const { ownTls } = require('../../helpers/places');
const { CALLS } = require('./calls');
const { Stage } = require('./stage');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-fuzz-'));
process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));

class World extends Stage {
  constructor(sequence) {
    super(sequence);
    this.sockets = [];
    this.parties = new Set();
    this.serialization = sequence.serialization;
    this.base = path.join(folder, `${sequence.seed}-`);
    this.ipcs = [0, 1].map(() => this.make());
  }

  make() {
    const ipc = new IPC();
    Object.assign(ipc.config, { id: 'fuzz', silent: true, retry: 2, linger: 100 });
    if (this.kind !== 'udp') ipc.config.serialization = this.serialization;
    if (this.kind === 'tls') ipc.config.tls = ownTls();
    return ipc;
  }

  path(n) {
    return process.platform === 'win32'
      ? `\\\\.\\pipe\\${path.basename(this.base)}${n % 2}`
      : `${this.base}${n % 2}`;
  }

  port() {
    for (const party of this.parties) {
      const port = party.server?.address?.()?.port;
      if (port) return port;
    }
    return 1;
  }

  peer(n) {
    return [{ address: '127.0.0.1', port: this.port() }, {}, undefined, { port: 1 }][n % 4];
  }

  adopt(party) {
    if (!party || this.parties.has(party) || typeof party.on !== 'function') return;
    this.parties.add(party);
    this.listen(party);
  }

  /** `handlers` may have removed this. */
  listen(party) {
    party.off('*', this.hear);
    party.on('*', this.hear);
  }

  hear = (type, data, socket) => {
    if (type === 'error') this.check(data);
    for (const it of [data, socket]) {
      if (typeof it?.destroy === 'function' && this.sockets.length < 50) this.sockets.push(it);
    }
    this.react(type);
  };

  perform(call) {
    return CALLS[call.op](this, this.ipcs[call.who], call);
  }

  async close() {
    this.open = false;
    for (const ipc of this.ipcs) {
      for (const id of Reflect.ownKeys(ipc.of)) ipc.disconnect(id);
    }
    for (const party of this.parties) {
      if (party.sockets !== undefined) {
        await party.stop({ disconnect: true });
        continue;
      }
      party.explicitlyDisconnected = true; // one that was forgotten
      party.stopRetrying = true;
      party.config.stopRetrying = true;
      party.socket?.destroy?.();
    }
    for (const socket of this.sockets) if (!socket.destroyed) socket.destroy();
  }
}

module.exports = { World };

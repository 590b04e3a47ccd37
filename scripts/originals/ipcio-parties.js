'use strict';
// Processes that are ends of ipcIO (ipcio-party.js), and what lies between them. Used by ipcio-cases.js.

const { fork } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { setTimeout: wait } = require('node:timers/promises');

/** ipcIO has no other place. */
const PLACE = '/tmp/IPC.io.';

const NO_ANSWER = 'no answer';
const ANSWER_WITHIN = 5000;
/** When nothing has come for so long, nothing will. */
const QUIET = 1000;

class Party {
  #child;
  #waiting = new Map();
  #count = 0;

  /** `driver`: of ferripc, where the library is ferripc's. */
  static async start(library, role, domain, name = '', driver = '') {
    const party = new Party();
    const child = fork(path.join(__dirname, 'ipcio-party.js'), [library, role, domain, name], {
      env: { ...process.env, FERRIPC_DRIVER: driver, NODE_NO_WARNINGS: '1' },
    });
    party.#child = child;
    child.on('exit', () => {
      for (const resolve of party.#waiting.values()) resolve('the process has ended');
    });
    const ready = new Promise((resolve, reject) => {
      child.once('exit', () => reject(new Error(`${role} has ended`)));
      child.on('message', ({ isReady, id, value }) => {
        if (isReady) resolve();
        party.#waiting.get(id)?.(value);
        party.#waiting.delete(id);
      });
    });
    await ready;
    return party;
  }

  get hasEnded() {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** What the method returns, or its promise resolves to; or a text that says what went wrong. */
  async call(call, ...args) {
    if (this.hasEnded) return 'the process has ended';
    const id = this.#count++;
    const answer = new Promise((resolve) => this.#waiting.set(id, resolve));
    this.#child.send({ id, call, args });
    const isLate = new AbortController();
    const late = wait(ANSWER_WITHIN, NO_ANSWER, isLate).catch(() => {});
    const value = await Promise.race([answer, late]);
    isLate.abort();
    return value;
  }

  /** What its handlers have got, when there is as much, or when nothing more comes. */
  async got(count, quiet = QUIET) {
    let [most, since] = [0, Date.now()];
    while (most < count && Date.now() - since < quiet) {
      await wait(10);
      const now = await this.call('count');
      if (now !== most) [most, since] = [now, Date.now()];
    }
    return this.call('take');
  }

  async isConnected() {
    const since = Date.now();
    while ((await this.call('connected')) !== true) {
      if (Date.now() - since > 2 * ANSWER_WITHIN) return false;
      await wait(20);
    }
    return true;
  }

  async kill() {
    if (this.hasEnded) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }
}

/** Removes the files of a domain. */
function tidy(domain) {
  const prefix = path.basename(PLACE) + domain;
  for (const name of fs.readdirSync(path.dirname(PLACE))) {
    if (name.startsWith(prefix)) fs.rmSync(path.join(path.dirname(PLACE), name));
  }
}

/** Passes bytes on, in order: as they come, or one by one. */
function passing(target, isSplit) {
  let last = Promise.resolve();
  const write = (bytes) => new Promise((resolve) => target.write(bytes, resolve));
  return (bytes) => {
    last = last.then(async () => {
      if (!isSplit) return write(bytes);
      for (const byte of bytes) {
        await write(Buffer.of(byte));
        await wait(3); // it is read before the next one comes
      }
    });
  };
}

/** A domain `from` that leads to the domain `to`; what goes to `split`, 'server' or 'client', comes byte by byte. */
async function lead(from, to, split) {
  const open = new Set();
  const listen = async (suffix) => {
    const server = net.createServer((socket) => {
      const other = net.connect(`${PLACE}${to}${suffix}`);
      for (const it of [socket, other]) {
        open.add(it);
        it.on('error', () => {});
        it.on('close', () => [socket, other].forEach((each) => each.destroy()));
      }
      const toClient = passing(socket, split === 'client');
      socket.on('data', passing(other, split === 'server' && suffix !== ''));
      other.on('data', async (bytes) => {
        const name = /"command":"handshake","data":"([0-9a-f]{32})"/.exec(bytes)?.[1];
        if (suffix === '' && name) await listen(`.${name}`);
        toClient(bytes);
      });
    });
    open.add({ destroy: () => server.close() });
    server.listen(`${PLACE}${from}${suffix}`);
    await once(server, 'listening');
  };
  await listen('');
  return () => open.forEach((it) => it.destroy());
}

module.exports = { NO_ANSWER, Party, lead, tidy };

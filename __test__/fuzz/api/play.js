'use strict';
// Plays sequences of sequence.js in this process, which run.js starts for them: two instances, whose handlers make
// calls themselves. Writes a line of JSON for each: `{seed}` before it, `{seed, wrong}` after it. When all is closed the
// process has to end by itself. `node play.js '{"sequences": […]}'`, or `{"first": 1, "count": 50}`. The memory checks
// call `play` themselves.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { IPC } = require('../../..');
const { ownTls } = require('../../helpers/places');
const { CALLS, Thrown } = require('./calls');
const { makeSequence } = require('./sequence');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-fuzz-'));
process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));

const say = (value) => fs.writeSync(1, `${JSON.stringify(value)}\n`);

const WAITS = {
  none: () => null,
  tick: () => null,
  turn: () => new Promise((resolve) => setImmediate(resolve)),
  ms: () => new Promise((resolve) => setTimeout(resolve, 2)),
};

/** A depth of handlers that call what runs handlers from which on nothing more is done. */
const DEEP = 20;

/** What an error must not look like: a code of Node-API's or a text of Rust's; or a slip of our own code. */
function isInternal(error) {
  if (!(error instanceof Error) || error instanceof Thrown) return false;
  const { code = '', message, stack = '' } = error;
  if (/^[A-Z][a-z]/.test(code) || code === 'UNKNOWN') return true;
  if (
    /napi|\brust|panic|native part|Failed to|unwrap|already borrowed|illegal invocation/i.test(
      message,
    )
  )
    return true;
  const slip =
    /Cannot (read|set|destructure)|Cannot convert (undefined|object)|is not (a function|iterable|defined|a constructor)|null or undefined|circular structure to/;
  const [, frame = ''] = stack.split('\n');
  return !/circular/.test(message) && slip.test(message) && /src[\\/]js/.test(frame);
}

class World {
  constructor(sequence) {
    this.kind = sequence.transport;
    this.handlers = [...sequence.handlers];
    this.sockets = [];
    this.parties = new Set();
    this.wrong = [];
    this.depth = 0;
    this.base = path.join(folder, `${sequence.seed}-`);
    this.ipcs = [0, 1].map(() => this.make());
    this.open = true;
  }

  make() {
    const ipc = new IPC();
    Object.assign(ipc.config, { id: 'fuzz', silent: true, retry: 2, linger: 100 });
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

  react() {
    if (!this.open) return;
    const call = this.handlers.shift();
    if (!call || this.depth >= DEEP) return;
    const { op } = call;
    // What a handler throws is the program's own affair: it goes where handlers' errors go.
    if (op === 'throws') throw new Thrown(op);
    this.act(call);
  }

  act(call) {
    if (!this.open) return;
    this.depth++;
    try {
      const result = CALLS[call.op](this, this.ipcs[call.who], call);
      if (typeof result?.then === 'function') result.then(null, (error) => this.check(error, call));
    } catch (error) {
      this.check(error, call);
    } finally {
      this.depth--;
    }
  }

  check(error, call) {
    if (isInternal(error))
      this.wrong.push(`${JSON.stringify(call) ?? 'error event'}: ${error.code} ${error.stack}`);
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

let world = null;
const uncaught = (error) => {
  if (!(error instanceof Thrown))
    world?.wrong.push(`uncaught: ${error?.code} ${error?.stack ?? error}`);
};
process.on('uncaughtException', uncaught);
process.on('unhandledRejection', uncaught);

/** What was wrong with a sequence: texts. */
async function play(sequence) {
  const alive = setInterval(() => {}, 60_000); // calls may have unrefed all that there is
  world = new World(sequence);
  for (const call of sequence.main) {
    world.act(call);
    await WAITS[call.wait]();
  }
  await new Promise((resolve) => setTimeout(resolve, 5));
  try {
    await world.close();
  } catch (error) {
    world.wrong.push(`closing: ${error.stack}`);
  }
  clearInterval(alive);
  return world.wrong;
}

async function main() {
  const { sequences, first, count, transport } = JSON.parse(process.argv[2]);
  const all =
    sequences ?? Array.from({ length: count }, (_, i) => makeSequence(first + i, { transport }));
  for (const sequence of all) {
    const { seed } = sequence;
    say({ seed });
    say({ seed, wrong: await play(sequence) });
  }
  say({ done: true });
}

module.exports = { play };

if (require.main === module) void main();

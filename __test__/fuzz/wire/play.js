'use strict';
// Plays a case of cases.js: one ferripc endpoint and one peer of node:net, node:tls or node:dgram, and what each
// has received against reference.js. `play(case)` resolves with null, or with a text that says what differs.

const dgram = require('node:dgram');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const tls = require('node:tls');
const { isDeepStrictEqual, inspect } = require('node:util');
const { IPC } = require('../../..');
const { once } = require('../../helpers/events');
const { ownTls } = require('../../helpers/places');
const { dataOf } = require('./cases');
const { split, eventOf, seen, encode } = require('./reference');

/** A case in which nothing happens for so long hangs, on a busy machine, too. */
const HANG = 60_000;

let folder = null;
let paths = 0;

function socketPath() {
  paths++;
  if (process.platform === 'win32') return `\\\\.\\pipe\\ferripc-fuzz-${process.pid}-${paths}`;
  if (folder === null) {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-fuzz-'));
    process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  }
  return path.join(folder, `s${paths}`);
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

class Play {
  constructor(made) {
    this.case = made;
    this.delimiter = Buffer.from(made.config.delimiter);
    this.ipc = new IPC();
    Object.assign(this.ipc.config, { id: 'fuzz', silent: true, retry: 10, ...made.config });
    this.expected = [];
    this.found = [];
    this.rawExpected = 0;
    this.rawFound = 0;
    this.sent = [];
    this.received = [];
    this.answers = [];
    this.changed = () => {};
  }

  /** Resolves when `test` holds. */
  async until(test) {
    while (!test()) await new Promise((resolve) => (this.changed = resolve));
  }

  note(type, data) {
    if (type === 'data' && Buffer.isBuffer(data)) {
      this.rawFound += data.length;
      const last = this.found.at(-1);
      if (Array.isArray(last) && last[0] === '<raw>') last[1].push(data);
      else this.found.push(['<raw>', [data]]);
    } else {
      this.found.push(seen(type, data));
    }
    const answer = this.answers.shift();
    if (answer) this.emit(answer);
    this.changed();
  }

  expectRaw(bytes) {
    if (bytes.length === 0) return;
    this.rawExpected += bytes.length;
    const last = this.expected.at(-1);
    if (Array.isArray(last) && last[0] === '<raw>') last[1].push(bytes);
    else this.expected.push(['<raw>', [bytes]]);
  }

  /** What our side sends, and what the peer is to get of it. */
  emit({ type, data: spec, broadcast }) {
    const data = dataOf(spec);
    const { ipc, party, socket } = this;
    const server = this.case.role === 'server';
    if (ipc.config.rawBuffer) {
      const payload = broadcast ? Buffer.from(`${type}\xff`, 'latin1') : type || 'x';
      this.sent.push(Buffer.from(payload, ipc.config.encoding));
      if (server) party.emit(socket, payload);
      else party.emit(payload);
      return;
    }
    this.sent.push(encode(type, data, this.delimiter));
    if (server && broadcast) party.broadcast(type, data);
    else if (server) party.emit(socket, type, data);
    else party.emit(type, data);
  }

  // ---- the ends --------------------------------------------------------------------------------------

  async meet() {
    const { transport, role } = this.case;
    const withTls = transport === 'tls';
    if (withTls) this.ipc.config.tls = ownTls();
    const local = transport === 'unix' ? socketPath() : null;
    if (role === 'server') {
      if (local !== null) this.ipc.serve(local);
      else this.ipc.serveNet('127.0.0.1', '0');
      const party = this.ipc.server;
      await party.start();
      const connected = once(party, 'connect');
      const port = local === null ? party.server.address().port : undefined;
      const options = local !== null ? { path: local } : { host: '127.0.0.1', port };
      this.peer = withTls ? tls.connect({ ...options, ca: ownTls().ca }) : net.connect(options);
      [this.socket] = await connected;
      if (this.peer.connecting) await once(this.peer, withTls ? 'secureConnect' : 'connect');
      this.party = party;
    } else {
      const accept = (options, taken) =>
        withTls
          ? tls.createServer({ ...ownTls(), ...options }, taken)
          : net.createServer(options, taken);
      const accepted = new Promise((resolve) => (this.listener = accept({}, resolve)));
      this.listener.listen(local ?? { host: '127.0.0.1', port: 0 });
      await once(this.listener, 'listening');
      if (local !== null) this.ipc.connectTo('server', local);
      else this.ipc.connectToNet('server', '127.0.0.1', this.listener.address().port);
      this.party = this.ipc.of.server;
      await once(this.party, 'connect');
      this.peer = await accepted;
    }
    this.peer.on('error', () => {});
    this.peer.on('data', (bytes) => {
      this.received.push(bytes);
      this.changed();
    });
    this.peerEnded = once(this.peer, 'close');
    this.party.on('*', (type, data) => this.note(type, data));
  }

  async write(bytes, { cuts, pauses }) {
    let at = 0;
    for (const [index, size] of cuts.entries()) {
      if (at >= bytes.length) return;
      this.peer.write(bytes.subarray(at, at + size));
      at += size;
      if (pauses > 0 && index % pauses === 0) await turn();
    }
    if (at < bytes.length) this.peer.write(bytes.subarray(at));
  }

  // ---- streams -----------------------------------------------------------------------------------------

  async stream() {
    await this.meet();
    const most = this.case.config.maxMessageBytes;
    let pending = Buffer.alloc(0);
    for (const phase of this.case.phases) {
      const { config } = this.ipc;
      const raw = phase.raw && most === undefined;
      if (Boolean(config.rawBuffer) !== raw) {
        config.rawBuffer = raw;
        // The first read after a switch is raw in any case; back to messages, it is still raw.
        const first = Buffer.from('first');
        this.expectRaw(Buffer.concat([pending, first]));
        pending = Buffer.alloc(0);
        this.peer.write(first);
        await this.until(() => this.rawFound >= this.rawExpected);
      }
      const joined = phase.frames.flatMap((it) => [Buffer.from(it, 'latin1'), this.delimiter]);
      const bytes = Buffer.concat([...joined, Buffer.from(phase.rest, 'latin1')]);
      if (raw) this.expectRaw(bytes);
      else {
        const { frames, rest } = split(Buffer.concat([pending, bytes]), this.delimiter);
        for (const frame of frames) this.expected.push(eventOf(frame, most));
        pending = rest;
      }
      this.answers = phase.emits.filter(({ when }) => when === 'answer');
      const later = phase.emits.filter(({ when }) => when === 'later');
      for (const one of phase.emits) if (one.when === 'now') this.emit(one);
      const written = this.write(bytes, phase);
      await turn();
      for (const one of later) this.emit(one);
      await written;
      await this.until(
        () => this.found.length >= this.expected.length && this.rawFound >= this.rawExpected,
      );
    }
    await this.finish(pending);
  }

  async finish(pending) {
    this.answers = [];
    const { role, end } = this.case;
    const sent = Buffer.concat(this.sent);
    const got = () => this.received.reduce((sum, { length }) => sum + length, 0);
    if (end === 'peer') {
      if (pending.length > 0 && !this.ipc.config.rawBuffer) {
        this.expected.push(['!', 'ERR_FERRIPC_TRUNCATED_MESSAGE', pending.length]);
      }
      const gone = once(this.party, role === 'server' ? 'socket.disconnected' : 'disconnect');
      const count = this.expected.length;
      this.peer.end();
      await gone;
      this.found.splice(Math.max(count, this.found.findIndex(isEnd)));
      if (role === 'client') this.ipc.disconnect('server');
    } else {
      // Messages that are emitted before the end arrive.
      const count = this.found.length;
      if (role === 'server') await this.party.stop({ disconnect: true });
      else this.ipc.disconnect('server');
      await this.peerEnded;
      this.found.splice(count);
    }
    await this.peerEnded;
    await this.until(() => got() >= sent.length);
  }

  // ---- datagrams ---------------------------------------------------------------------------------------

  async datagrams() {
    const { ipc } = this;
    ipc.serveNet('127.0.0.1', '0', 'udp4');
    this.party = ipc.server;
    await this.party.start();
    const { port } = this.party.server.address();
    this.peer = dgram.createSocket('udp4');
    this.peer.bind(0, '127.0.0.1');
    await once(this.peer, 'listening');
    this.socket = this.peer.address();
    this.peer.on('message', (bytes) => {
      this.received.push(bytes);
      this.changed();
    });
    this.party.on('*', (type, data) => this.note(type, data));
    const most = this.case.config.maxMessageBytes;
    for (const phase of this.case.phases) {
      this.answers = [];
      const all = phase.frames.map((it) => Buffer.from(it, 'latin1'));
      const cuts = phase.cuts.length > 0 ? phase.cuts : [1];
      for (let index = 0; all.length > 0; index++) {
        // Some in a datagram; the last of them may go without its delimiter.
        const some = all.splice(0, 1 + (cuts[index % cuts.length] % 4));
        const closed = cuts[index % cuts.length] % 3 > 0;
        const parts = some.flatMap((frame) => [frame, this.delimiter]);
        const bytes = Buffer.concat(closed ? parts : parts.slice(0, -1));
        if (bytes.length > 60_000 || bytes.length === 0) continue;
        const { frames, rest } = split(bytes, this.delimiter);
        if (rest.length > 0) frames.push(rest);
        for (const frame of frames) this.expected.push(eventOf(frame, most));
        this.peer.send(bytes, port, '127.0.0.1');
        await this.until(() => this.found.length >= this.expected.length);
      }
      for (const one of phase.emits) {
        const data = dataOf(one.data);
        const bytes = encode(one.type, data, this.delimiter);
        if (bytes.length > 60_000) continue;
        this.sent.push(bytes);
        this.party.emit(this.socket, one.type, data);
        await this.until(() => this.received.length >= this.sent.length);
      }
    }
    const count = this.found.length;
    await this.party.stop();
    this.found.splice(count);
    this.peer.close();
  }

  // ---- the comparison ------------------------------------------------------------------------------------

  difference() {
    const flat = (events) =>
      events.map((it) =>
        it[0] === '<raw>' ? ['<raw>', Buffer.concat(it[1]).toString('latin1')] : it,
      );
    const [found, expected] = [flat(this.found), flat(this.expected)];
    const at = expected.findIndex((it, index) => !isDeepStrictEqual(found[index], it));
    if (at !== -1) return `event ${at}: ${short(found[at])} instead of ${short(expected[at])}`;
    if (found.length > expected.length) return `one more event: ${short(found[expected.length])}`;
    const [received, sent] = [Buffer.concat(this.received), Buffer.concat(this.sent)];
    if (!received.equals(sent))
      return `the peer got ${received.length} bytes instead of ${sent.length}, or others`;
    return null;
  }

  async close() {
    this.peer?.destroy?.();
    this.listener?.close();
    this.ipc.disconnect('server');
    if (this.ipc.server) await this.ipc.server.stop({ disconnect: true });
  }
}

const isEnd = ([type]) => ['close', 'disconnect', 'socket.disconnected'].includes(type);

const short = (value) => inspect(value, { depth: 5, maxStringLength: 200, breakLength: Infinity });

async function play(made) {
  const one = new Play(made);
  let [timer, before] = [null, -1];
  const hang = new Promise((resolve) => {
    timer = setInterval(() => {
      const progress = one.found.length + one.received.length + one.rawFound;
      if (progress === before) resolve('hang');
      before = progress;
    }, HANG);
  });
  try {
    const played = made.transport === 'udp' ? one.datagrams() : one.stream();
    const how = await Promise.race([played, hang]);
    const difference = one.difference();
    if (how === 'hang')
      return `hangs, with ${one.found.length} of ${one.expected.length} events: ${difference}`;
    return difference;
  } catch (error) {
    return `throws ${error.stack}`;
  } finally {
    clearInterval(timer);
    await one.close();
  }
}

/** Frames of a case. */
const count = ({ phases }) =>
  phases.reduce((sum, { frames, emits }) => sum + frames.length + emits.length, 0);

module.exports = { play, count };

// Plays what settings of node-ipc 14 do to a connection as time goes by: maxPendingBytes, messageTimeout, and raw mode.
// See stage.mjs. Prints a list of `[program, what was seen]` as JSON.

import { dial, freePlace, listen, makeIPC, once, shown, side, transport } from './stage.mjs';

const message = (type, data) => `${JSON.stringify({ type, data })}\f`;
const LONG = 'x'.repeat(1000);
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const until = async (isSo) => {
  while (!isSo()) await wait(5);
};

/** A connection between the side that is tested and a peer of Node's. */
async function meet(config) {
  const ipc = makeIPC({ parser: 'guarded', maxRetries: 0, ...config });
  const place = await freePlace();
  const seen = { ipc, events: [], received: [] };
  if (side === 'server') {
    if (place.path) ipc.serve(place.path);
    else ipc.serveNet(place.host, place.port);
    seen.bus = ipc.server;
    const started = new Promise((resolve) => seen.bus.on('start', resolve));
    const connected = new Promise((resolve) => seen.bus.on('connect', resolve));
    seen.bus.start();
    await started;
    seen.peer = dial(place);
    await once(seen.peer, transport === 'tls' ? 'secureConnect' : 'connect');
    seen.socket = await connected;
    seen.emit = (...args) => seen.bus.emit(seen.socket, ...args);
    seen.end = () => seen.bus.stop();
  } else {
    const arrived = new Promise((resolve) => (seen.listener = listen(resolve)));
    seen.listener.listen(place);
    await once(seen.listener, 'listening');
    if (place.path) ipc.connectTo('peer', place.path);
    else ipc.connectToNet('peer', place.host, place.port);
    seen.bus = ipc.of.peer;
    const connected = new Promise((resolve) => seen.bus.on('connect', resolve));
    seen.peer = await arrived;
    await connected;
    seen.socket = seen.bus.socket;
    seen.emit = (...args) => seen.bus.emit(...args);
    seen.end = () => {
      ipc.disconnect('peer');
      seen.listener.close();
    };
  }
  const { bus, peer, events, received } = seen;
  bus.on('*', (type, value) => {
    if (
      !['connect', 'start', 'close', 'socket.disconnected', 'disconnect', 'destroy'].includes(type)
    )
      events.push([type, Buffer.isBuffer(value) ? value.toString('hex') : shown(value)]);
  });
  peer.on('error', () => {});
  peer.on('data', (bytes) => received.push(bytes));
  seen.closed = new Promise((resolve) => peer.once('close', () => resolve('closed')));
  return seen;
}

/** How a call failed. What `emit` returns is new in ferripc. */
const failure = (act) => {
  try {
    act();
    return null;
  } catch (error) {
    return error.code ?? error.name;
  }
};

const text = ({ received }) => Buffer.concat(received).toString();

/** Emits all of `list`, and waits for the end of the connection, or for its last message. */
async function emitted(seen, list) {
  const failures = list.map((data) => failure(() => seen.emit('m', data)));
  const arrived = until(() => text(seen).endsWith(message('m', list.at(-1)))).then(() => 'open');
  const outcome = await Promise.race([seen.closed, arrived]);
  return [failures, outcome, seen.events, outcome === 'open' ? text(seen).length : 'some'];
}

/** Has the peer send all of `pieces`, as reads of their own. */
async function fed(seen, ...pieces) {
  let sent = seen.socket.bytesRead;
  for (const piece of pieces) {
    seen.peer.write(piece);
    sent += Buffer.byteLength(piece);
    await until(() => seen.socket.destroyed || seen.socket.bytesRead >= sent);
  }
}

/** The end of the connection, or what came by the message `last`. */
async function heard(seen) {
  const last = until(() => seen.events.some(([type]) => type === 'last')).then(() => 'open');
  return [await Promise.race([seen.closed, last]), seen.events];
}

const frame = message('m', '').length - 1;

const PROGRAMS = {
  'pending: one message over the limit': [
    { maxPendingBytes: 100 },
    (seen) => emitted(seen, ['a', LONG, 'b']),
  ],
  'pending: at the limit': [
    { maxPendingBytes: frame + 10 },
    (seen) => emitted(seen, ['x'.repeat(9)]),
  ],
  'pending: a byte over it': [
    { maxPendingBytes: frame + 10 },
    (seen) => emitted(seen, ['x'.repeat(10)]),
  ],
  'pending: bytes count, not characters': [
    { maxPendingBytes: frame + 10 },
    (seen) => emitted(seen, ['é'.repeat(5)]),
  ],
  'pending: a broadcast over the limit': [
    { maxPendingBytes: 100 },
    async (seen) => {
      if (side === 'client') return [];
      return [failure(() => seen.bus.broadcast('m', LONG)), await seen.closed, seen.events];
    },
  ],
  'pending: a peer that does not read': [
    { maxPendingBytes: 300_000 },
    async (seen) => {
      seen.peer.pause();
      for (let i = 0; i < 50_000 && !seen.socket.destroyed; i++) seen.emit('m', LONG);
      const { destroyed } = seen.socket;
      await until(() => seen.events.length > 0);
      return [destroyed, seen.events, seen.bus.protocolViolation];
    },
  ],
  'pending: Infinity': [
    { maxPendingBytes: Infinity },
    async (seen) => {
      seen.peer.pause();
      for (let i = 0; i < 3000; i++) seen.emit('m', LONG);
      seen.peer.resume();
      return emitted(seen, ['end']);
    },
  ],
  'pending: a handler of the error emits, too': [
    { maxPendingBytes: 100 },
    async (seen) => {
      seen.bus.on('error', () => seen.emit('m', 'again'));
      return emitted(seen, [LONG]);
    },
  ],
  'time: a message that never ends': [
    { messageTimeout: 50 },
    async (seen) => {
      await fed(seen, '{"type":"a"');
      return heard(seen);
    },
  ],
  'time: only the delimiter is missing, behind a message': [
    { messageTimeout: 50 },
    async (seen) => {
      await fed(seen, message('a', 1) + message('b', 1).slice(0, -1));
      return heard(seen);
    },
  ],
  'time: bytes that come one by one gain none': [
    { messageTimeout: 150 },
    async (seen) => {
      for (const byte of message('a', LONG).slice(0, -1)) {
        if (seen.socket.destroyed) break;
        await fed(seen, byte);
        await wait(5);
      }
      return heard(seen);
    },
  ],
  'time: messages that end in time': [
    { messageTimeout: 60_000 },
    async (seen) => {
      await fed(seen, '{"type":"a"', ',"data":1}\f{"ty', `pe":"last","data":1}\f`);
      return heard(seen);
    },
  ],
  'time: 0': [
    { messageTimeout: 0 },
    async (seen) => {
      await fed(seen, '{"type":"last"');
      await wait(100);
      if (!seen.socket.destroyed) await fed(seen, ',"data":1}\f');
      return heard(seen);
    },
  ],
  'time: the peer leaves before': [
    { messageTimeout: 60_000 },
    async (seen) => {
      await fed(seen, '{"type":"a"');
      seen.peer.destroy();
      await until(() => seen.socket.destroyed);
      return seen.events.filter(([, code]) => code !== 'ERR_FERRIPC_TRUNCATED_MESSAGE');
    },
  ],
  ...Object.fromEntries(
    ['utf8', 'hex', 'base64', 'latin1'].map((encoding) => [
      `raw: ${encoding}`,
      [
        { parser: 'raw', encoding },
        async (seen) => {
          const sent = [];
          const payloads = [Buffer.from([1, 255, 0, 12]), 'abcd12', [1, 2, 300, -1], { a: 1 }, 5];
          payloads.push(new Uint8Array([9, 8]), { type: 'Buffer', data: [1, 2] }, null, undefined);
          for (const payload of payloads) {
            const before = text(seen).length;
            const failed = failure(() => seen.emit(payload));
            if (failed === null && payload !== undefined)
              await Promise.race([wait(300), until(() => text(seen).length > before)]);
            sent.push([failed, Buffer.concat(seen.received.splice(0)).toString('hex')]);
          }
          await fed(seen, Buffer.from([0xff, 0x0c, 0, 0xc3]), message('last', 1));
          const all = () => seen.events.map(([, hex]) => hex).join('');
          await until(() => all().length === 58);
          return [sent, all(), seen.events.every(([type]) => type === 'data')];
        },
      ],
    ]),
  ),
};

const results = [];
for (const [title, [config, program]] of Object.entries(PROGRAMS)) {
  const seen = await meet(config);
  results.push([title, await program(seen)]);
  seen.peer.destroy();
  seen.end();
}
process.stdout.write(JSON.stringify(results), () => process.exit());

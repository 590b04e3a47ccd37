'use strict';
// The test vectors of docs/wire-format.md for serialization 'advanced': what a server and a client send, and what they
// make of what they receive, whole and byte by byte.

const fs = require('node:fs');
const path = require('node:path');
const { once } = require('../helpers/events');
const { createWorld } = require('../helpers/world');

const world = createWorld();
const file = path.join(__dirname, '..', '..', 'docs', 'vectors', 'values.json');
const { greeting, sent, received, refused } = JSON.parse(fs.readFileSync(file, 'utf8'));
const advanced = { serialization: 'advanced' };
const bytesOf = (hex) => Buffer.from(hex, 'hex');
const valueOf = (text) => new Function(`return (${text});`)();

/** The same text with a byte for a character: Node 18 may parse it with two, of a file that has wider ones. */
const narrow = (type) => Buffer.from(type, 'latin1').toString('latin1');

/** The next `length` bytes of a raw socket. */
function reader(socket) {
  let bytes = Buffer.alloc(0);
  socket.on('data', (chunk) => (bytes = Buffer.concat([bytes, chunk])));
  return async (length) => {
    while (bytes.length < length) await once(socket, 'data');
    const taken = bytes.subarray(0, length);
    bytes = bytes.subarray(length);
    return taken;
  };
}

/** A greeting, as of a side that takes no memory, whether it does or not. */
const withoutMemory = (said) => said.toString().replace('"memory":1', '"memory":0');

/** A host, what a raw peer reads of it and writes to it, and how the host sends. */
const sides = {
  async server() {
    const place = await world.place('unix');
    const host = await world.serve(place, advanced);
    const { socket } = await world.peer(place);
    const read = reader(socket);
    const connected = once(host, 'connect');
    expect(withoutMemory(await read(greeting.length / 2))).toBe(String(bytesOf(greeting)));
    socket.write(bytesOf(greeting));
    const [to] = await connected;
    return { host, socket, read, send: (type, data) => host.emit(to, type, data) };
  },
  async client() {
    const place = await world.place('unix');
    const raw = await world.rawServer(place);
    const host = world.dial(place, advanced);
    const { socket } = await raw.next();
    const read = reader(socket);
    expect(withoutMemory(await read(greeting.length / 2))).toBe(String(bytesOf(greeting)));
    const connected = once(host, 'connect');
    for (const byte of bytesOf(greeting)) socket.write(Buffer.of(byte));
    await connected;
    return { host, socket, read, send: (type, data) => host.emit(type, data) };
  },
};

describe.each(Object.keys(sides))('a %s', (side) => {
  test('sends and takes the frames', async () => {
    const { host, socket, read, send } = await sides[side]();
    for (const { type, data, frame } of sent) {
      const bytes = bytesOf(frame);
      send(narrow(type), valueOf(data));
      expect((await read(bytes.length)).toString('hex')).toBe(frame);
      for (const chunks of [[bytes], [...bytes].map((byte) => Buffer.of(byte))]) {
        const arrived = once(host, type);
        for (const chunk of chunks) socket.write(chunk);
        expect((await arrived)[0]).toEqual(valueOf(data));
      }
    }
  });

  test('takes what others may send', async () => {
    const { host, socket } = await sides[side]();
    for (const { type, data, frame } of received) {
      const arrived = once(host, type);
      socket.write(bytesOf(frame));
      expect((await arrived)[0]).toEqual(valueOf(data));
    }
  });

  test('refuses the others, and goes on', async () => {
    const { host, socket } = await sides[side]();
    for (const { frame, code } of refused) {
      const failed = once(host, 'error');
      socket.write(bytesOf(frame));
      expect((await failed)[0].code).toBe(code);
    }
  });
});

'use strict';
// Unit tests of others put plain objects, mocks and streams in the place of clients, servers and sockets. The same
// programs are played with @achrinza/node-ipc 9 and 10 and with ferripc, and what their stand-ins see is compared.
// Run by jest.

const { EventEmitter } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { PassThrough } = require('node:stream');

const PACKAGES = { 9: 'node-ipc-9', 10: 'node-ipc-10', new: '../..' };
const FRAME = '{"type":"a","data":1}\f';

let directory;
beforeAll(() => (directory = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-stand-ins-'))));
afterAll(() => fs.rmSync(directory, { recursive: true, force: true }));

const opened = [];
const replaced = []; // clients, and the sockets that they had
afterEach(() => {
  // The old packages destroy what they find there when their attempt has failed.
  for (const [client, socket] of replaced.splice(0)) client.socket = socket;
  for (const ipc of opened.splice(0)) {
    for (const id of Object.keys(ipc.of)) if (ipc.of[id]?.on) ipc.disconnect(id);
  }
});

/** An instance of a package that tries nothing twice. */
function instance(name) {
  const whole = require(PACKAGES[name]);
  const ipc = new (whole.IPC ?? whole.default.IPC)();
  Object.assign(ipc.config, { silent: true, maxRetries: 0, stopRetrying: true, id: 'here' });
  opened.push(ipc);
  return ipc;
}

let places = 0;
const place = () => path.join(directory, `${places++}`);

/** A client that tries to reach nobody, with `socket` for its socket. */
function clientWith(ipc, socket) {
  ipc.connectTo('x', place());
  replaced.push([ipc.of.x, ipc.of.x.socket]);
  ipc.of.x.socket = socket;
  return ipc.of.x;
}

function serverWith(ipc, properties) {
  ipc.serve(place());
  return Object.assign(ipc.server, properties);
}

const socketMock = () => ({ write: jest.fn(), destroy: jest.fn(), end: jest.fn() });
const calls = (...mocks) => mocks.map((mock) => mock.mock.calls);
/** A call that throws: by what kind of error. */
const thrown = (call) => {
  try {
    return call() && 'nothing';
  } catch (error) {
    return error.name;
  }
};

/** What each program returns is compared. */
const PROGRAMS = {
  // ---- client: its socket

  'emit writes to a client socket that is a mock'(ipc) {
    const socket = socketMock();
    clientWith(ipc, socket).emit('a', 1);
    expect(socket.write.mock.calls).toEqual([[FRAME]]);
    return calls(socket.write, socket.destroy);
  },

  'the mock has no property more afterwards'(ipc) {
    const socket = Object.freeze(socketMock());
    clientWith(ipc, socket).emit('a', 1);
    ipc.disconnect('x');
    return Object.keys(socket);
  },

  'emit without data, with text, with long text'(ipc) {
    const socket = socketMock();
    const client = clientWith(ipc, socket);
    for (const data of [undefined, '', 0, false, 'text', 'long '.repeat(20_000), { a: [1] }]) {
      client.emit('a', data);
    }
    return calls(socket.write);
  },

  'a delimiter of its own'(ipc) {
    ipc.config.delimiter = '\n';
    const socket = socketMock();
    clientWith(ipc, socket).emit('a', 1);
    return calls(socket.write);
  },

  'raw mode: emit writes bytes'(ipc) {
    ipc.config.rawBuffer = true;
    const socket = socketMock();
    const client = clientWith(ipc, socket);
    client.emit('text');
    client.emit(Buffer.of(1, 2));
    return calls(socket.write);
  },

  'sync mode: one message, and the next one when it is asked for'(ipc) {
    ipc.config.sync = true;
    const socket = socketMock();
    const client = clientWith(ipc, socket);
    for (const data of [1, 2, 3]) client.emit('a', data);
    const first = socket.write.mock.calls.length;
    client.queue.next();
    return [first, ...calls(socket.write), client.queue.contents.length];
  },

  'sync mode with a mock for the queue'(ipc) {
    ipc.config.sync = true;
    const socket = socketMock();
    const client = clientWith(ipc, socket);
    client.queue = { add: jest.fn() };
    client.emit('a', 1);
    const before = socket.write.mock.calls.length;
    client.queue.add.mock.calls[0][0]();
    return [before, ...calls(socket.write)];
  },

  'a stream for a client socket'(ipc) {
    const stream = new PassThrough();
    clientWith(ipc, stream).emit('a', 1);
    return String(stream.read());
  },

  'an emitter with a write for a client socket'(ipc) {
    const socket = Object.assign(new EventEmitter(), { write: jest.fn(), destroy: jest.fn() });
    const client = clientWith(ipc, socket);
    client.emit('a', 1);
    ipc.disconnect('x');
    return calls(socket.write, socket.destroy);
  },

  'a socket whose write is replaced'(ipc) {
    ipc.connectTo('x', place());
    const { socket } = ipc.of.x;
    const write = jest.spyOn(socket, 'write').mockImplementation(() => true);
    ipc.of.x.emit('a', 1);
    return calls(write);
  },

  'a socket whose destroy is replaced'(ipc) {
    ipc.connectTo('x', place());
    const { socket } = ipc.of.x;
    const destroy = jest.spyOn(socket, 'destroy');
    ipc.disconnect('x');
    return [...calls(destroy), socket.destroyed, ipc.of.x];
  },

  'a socket without write, or none: emit throws'(ipc) {
    const client = clientWith(ipc, {});
    const first = thrown(() => client.emit('a', 1));
    client.socket = null;
    return [first, thrown(() => client.emit('a', 1))];
  },

  'disconnect destroys the stand-in, and forgets the client'(ipc) {
    const socket = socketMock();
    const client = clientWith(ipc, socket);
    ipc.disconnect('x');
    ipc.disconnect('x');
    return [...calls(socket.destroy), client.explicitlyDisconnected, ipc.of];
  },

  'disconnect with a socket that cannot be destroyed'(ipc) {
    const client = clientWith(ipc, { write: jest.fn() });
    ipc.disconnect('x');
    return [client.explicitlyDisconnected, ipc.of];
  },

  // ---- client: all of it

  'disconnect of a mock in ipc.of'(ipc) {
    const y = { off: jest.fn(), reset: jest.fn(), socket: { destroy: jest.fn() } };
    ipc.of.y = y;
    ipc.disconnect('y');
    expect(ipc.of.y).toBeUndefined();
    return [...calls(y.off, y.reset, y.socket.destroy), y.explicitlyDisconnected];
  },

  'disconnect of a mock without a socket'(ipc) {
    const y = { off: jest.fn(), on: jest.fn(), emit: jest.fn() };
    ipc.of.y = y;
    ipc.disconnect('y');
    return [...calls(y.off), ipc.of];
  },

  'disconnect of nothing'(ipc) {
    ipc.of.y = null;
    ipc.disconnect('y');
    ipc.disconnect('z');
    return Object.keys(ipc.of);
  },

  'connectTo an id that a mock has: connected already'(ipc) {
    const callback = jest.fn();
    const mock = { socket: { destroyed: false, destroy: jest.fn() } };
    ipc.of.y = mock;
    ipc.connectTo('y', place(), callback);
    return [...calls(callback, mock.socket.destroy), ipc.of.y === mock];
  },

  'connectTo an id that a dead mock has: replaced'(ipc) {
    const mock = { socket: { destroyed: true, destroy: jest.fn() } };
    ipc.of.y = mock;
    ipc.connectTo('y', place());
    return [...calls(mock.socket.destroy), ipc.of.y === mock];
  },

  'another object for ipc.of'(ipc) {
    const emit = jest.fn();
    ipc.of = { y: { emit, off: jest.fn() } };
    ipc.of.y.emit('a', 1);
    ipc.disconnect('y');
    return [...calls(emit), ipc.of];
  },

  // ---- server

  'stop closes the stand-in of a listener'(ipc) {
    const server = serverWith(ipc, { server: { close: jest.fn() } });
    server.stop();
    return calls(server.server.close);
  },

  'stop throws what the close of a stand-in throws'(ipc) {
    const close = () => {
      throw new RangeError('no');
    };
    return thrown(() => serverWith(ipc, { server: { close } }).stop());
  },

  'broadcast writes to stand-ins'(ipc) {
    const sockets = [socketMock(), socketMock(), Object.freeze(socketMock())];
    serverWith(ipc, { sockets }).broadcast('a', 1);
    expect(sockets[0].write.mock.calls).toEqual([[FRAME]]);
    return sockets.map(({ write }) => calls(write));
  },

  'emit writes to the stand-in of a socket'(ipc) {
    const socket = socketMock();
    serverWith(ipc).emit(socket, 'a', 1);
    return [...calls(socket.write), Object.keys(socket)];
  },

  'raw mode: a server writes bytes'(ipc) {
    ipc.config.rawBuffer = true;
    const socket = socketMock();
    const server = serverWith(ipc, { sockets: [socket] });
    server.emit(socket, 'text');
    server.broadcast('all');
    return calls(socket.write);
  },

  'a handler answers the stand-in that a test passed'(ipc) {
    const socket = socketMock();
    const server = serverWith(ipc);
    server.on('question', (data, from) => server.emit(from, 'a', data));
    (server.publish ?? server.trigger).call(server, 'question', 1, socket);
    return calls(socket.write);
  },

  'UDP: emit and broadcast write to the stand-in of a socket'(ipc) {
    const write = jest.fn();
    const peers = [5, 6].map((port) => ({ address: '127.0.0.1', port }));
    const sockets = [{}, ...peers];
    const server = serverWith(ipc, { udp4: true, server: { write }, sockets });
    server.emit(peers[0], 'a', 1);
    server.broadcast('a', 2);
    server.emit({}, 'a', 3);
    return calls(write);
  },

  'a mock for ipc.server, and serve again'(ipc) {
    const mock = { start: jest.fn(), stop: jest.fn(), on: jest.fn() };
    ipc.server = mock;
    ipc.server.start();
    ipc.serve(place());
    return [...calls(mock.start, mock.stop, mock.on), ipc.server === mock];
  },

  'serve in the place of a server with a stand-in of a listener'(ipc) {
    const first = serverWith(ipc, { server: { close: jest.fn(), listening: true } });
    ipc.serve(place());
    return [...calls(first.server.close), ipc.server === first];
  },

  'a server whose list of sockets is replaced'(ipc) {
    const server = serverWith(ipc, { sockets: null });
    server.sockets = [];
    server.broadcast('a', 1);
    return server.sockets;
  },

  // ---- settings and logging

  'a mock for the logger'(ipc) {
    ipc.config.silent = false;
    ipc.config.logger = jest.fn();
    ipc.log('a', 1);
    return calls(ipc.config.logger);
  },

  'a mock for the log of a server and a client'(ipc) {
    const log = jest.fn();
    const server = serverWith(ipc, { log });
    server.config.silent = false;
    server.emit(socketMock(), 'a', 1);
    return log.mock.calls;
  },

  'other settings'(ipc) {
    ipc.config = { silent: true, socketRoot: '/r/', appspace: 'a.', id: 'i' };
    ipc.serve();
    return [ipc.server.path, ipc.server.config === ipc.config];
  },
};

const seen = (value) =>
  JSON.parse(
    JSON.stringify(value, (key, one) =>
      one?.type === 'Buffer' ? Buffer.from(one).toString() : one,
    ) ?? 'null',
  );

describe.each(Object.keys(PROGRAMS))('%s', (name) => {
  test.each(['9', '10'])('as in %s', (old) => {
    const expected = seen(PROGRAMS[name](instance(old)));
    expect(seen(PROGRAMS[name](instance('new')))).toEqual(expected);
  });
});

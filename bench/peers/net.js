'use strict';

// JSON lines over node:net, written by hand as well as plain JavaScript allows: the bar that a library
// has to justify itself against. See index.js for the interface; loaded from there.
//
// Two things set it apart from the few lines that most programs have (those are in net-plain.js):
// the lines of one tick go out in one write, and only new input is searched for a newline, so that a
// long line costs no more per byte than a short one. The first doubles the rate of small messages and
// costs a single round trip one or two per cent.

const net = require('net');

/** Beyond this many characters one write is efficient; holding back more only adds latency. */
const FLUSH_AT = 64 * 1024;

/** then() of a settled promise is the cheapest 'at the end of this tick'; nextTick() cost 8 % more here. */
const settled = Promise.resolve();

function lineWriter(socket) {
  let pending = '';
  function flush() {
    if (pending !== '') {
      const lines = pending;
      pending = '';
      socket.write(lines);
    }
  }
  return function send(data) {
    if (pending === '') {
      settled.then(flush);
    }
    pending += JSON.stringify({ type: 'm', data }) + '\n';
    if (pending.length >= FLUSH_AT) {
      flush();
    }
  };
}

function readLines(socket, onLine) {
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk) => {
    let end = chunk.indexOf('\n');
    if (end === -1) {
      rest += chunk;
      return;
    }
    let start = 0;
    if (rest !== '') {
      const line = rest + chunk.slice(0, end);
      rest = '';
      onLine(line);
      start = end + 1;
      end = chunk.indexOf('\n', start);
    }
    while (end !== -1) {
      onLine(chunk.slice(start, end));
      start = end + 1;
      end = chunk.indexOf('\n', start);
    }
    rest = chunk.slice(start);
  });
}

function receive(socket, onMessage) {
  readLines(socket, (line) => {
    const message = JSON.parse(line);
    if (message.type === 'm') {
      onMessage(message.data);
    }
  });
}

function serve(path, onMessage) {
  return new Promise((resolve, reject) => {
    const server = net.createServer((socket) => {
      const conn = { send: lineWriter(socket) };
      socket.on('error', () => socket.destroy());
      receive(socket, (data) => onMessage(conn, data));
    });
    server.on('error', reject);
    server.listen(path, () =>
      resolve({ send: (conn, data) => conn.send(data), close: () => server.close() }),
    );
  });
}

function connect(path, onMessage) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(path);
    socket.on('error', reject);
    socket.on('connect', () => {
      receive(socket, onMessage);
      resolve({ send: lineWriter(socket), close: () => socket.destroy() });
    });
  });
}

module.exports = {
  title: 'net, JSON lines',
  version: () => `Node ${process.versions.node}`,
  serve,
  connect,
};

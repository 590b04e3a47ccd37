'use strict';

// JSON lines over node:net the way most programs have it: one write per message, one buffer that is
// searched again with every chunk. Not part of the default run (`--peers net-plain` adds it); it shows
// what the care taken in net.js is worth. See index.js for the interface; loaded from there.

const load = () => require('net');

function receive(socket, onMessage) {
  let buffer = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk) => {
    buffer += chunk;
    let start = 0;
    let end = buffer.indexOf('\n');
    while (end !== -1) {
      const message = JSON.parse(buffer.slice(start, end));
      if (message.type === 'm') {
        onMessage(message.data);
      }
      start = end + 1;
      end = buffer.indexOf('\n', start);
    }
    buffer = buffer.slice(start);
  });
}

function send(socket, data) {
  socket.write(JSON.stringify({ type: 'm', data }) + '\n');
}

/** Where to listen or connect: a path, or { host, port }. */
const at = (place) => place.path ?? place;

function serve(place, onMessage) {
  return new Promise((resolve, reject) => {
    const server = load().createServer((socket) => {
      socket.on('error', () => socket.destroy());
      receive(socket, (data) => onMessage(socket, data));
    });
    server.on('error', reject);
    server.listen(at(place), () => resolve({ send, close: () => server.close() }));
  });
}

function connect(place, onMessage) {
  return new Promise((resolve, reject) => {
    const socket = load().connect(at(place));
    socket.on('error', reject);
    socket.on('connect', () => {
      receive(socket, onMessage);
      resolve({ send: (data) => send(socket, data), close: () => socket.destroy() });
    });
  });
}

module.exports = {
  title: 'net, plain',
  version: () => `Node ${process.versions.node}`,
  transports: ['unix', 'tcp'],
  uses: ['messages', 'many'],
  load,
  serve,
  connect,
};

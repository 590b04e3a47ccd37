'use strict';

// JSON lines over node:net (and node:tls, node:dgram), written by hand as well as plain JavaScript allows: the bar that a library
// has to justify itself against. See index.js for the interface; loaded from there.
//
// Two things set it apart from the few lines that most programs have (those are in net-plain.js):
// the lines of one tick go out in one write, and only new input is searched for a newline, so that a
// long line costs no more per byte than a short one. The first doubles the rate of small messages and
// costs a single round trip one or two per cent. A broadcast is made into text and bytes once for all.
//
// TLS is the same over node:tls; UDP is a datagram of JSON per message with node:dgram, whose client
// is connected and whose server skips the look-up of addresses, both for fewer steps per message. Raw
// bytes are socket.write() and 'data'.

const fs = require('fs');

const load = () => require('net');
const encode = (data) => JSON.stringify({ type: 'm', data });

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
  function send(data) {
    if (pending === '') {
      settled.then(flush);
    }
    pending += encode(data) + '\n';
    if (pending.length >= FLUSH_AT) {
      flush();
    }
  }
  return { send, flush };
}

/** Lines for all of `conns`, encoded once; what was sent to one before stays before. */
function broadcaster(conns) {
  let pending = '';
  function flush() {
    if (pending !== '') {
      const lines = Buffer.from(pending);
      pending = '';
      for (const conn of conns) {
        conn.flush();
        conn.socket.write(lines);
      }
    }
  }
  function broadcast(data) {
    if (pending === '') {
      settled.then(flush);
    }
    pending += encode(data) + '\n';
    if (pending.length >= FLUSH_AT) {
      flush();
    }
  }
  return { broadcast, flush };
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

function createServer({ kind, key, cert }, onSocket) {
  if (kind !== 'tls') {
    return load().createServer({ noDelay: true }, onSocket);
  }
  const files = { key: fs.readFileSync(key), cert: fs.readFileSync(cert) };
  return require('tls').createServer({ ...files, noDelay: true }, onSocket);
}

function serveStream(place, onMessage) {
  const conns = new Set();
  const all = broadcaster(conns);
  const raw = place.use === 'raw';
  const server = createServer(place, (socket) => {
    const conn = { socket, ...lineWriter(socket) };
    conns.add(conn);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => conns.delete(conn));
    if (raw) {
      socket.on('data', (chunk) => onMessage(conn, chunk));
    } else {
      receive(socket, (data) => onMessage(conn, data));
    }
  });
  const send = (conn, data) => {
    all.flush();
    conn.send(data);
  };
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(place.kind === 'unix' ? place.path : place, () =>
      resolve({
        send: raw ? (conn, data) => conn.socket.write(data) : send,
        broadcast: all.broadcast,
        close: () => server.close(),
      }),
    );
  });
}

function dial(place) {
  if (place.kind !== 'tls') {
    return load().connect(place.kind === 'unix' ? place.path : { ...place, noDelay: true });
  }
  const { host, port, ca } = place;
  return require('tls').connect({ host, port, ca: fs.readFileSync(ca), noDelay: true });
}

function connectStream(place, onMessage) {
  return new Promise((resolve, reject) => {
    const socket = dial(place);
    const close = () => socket.destroy();
    socket.on('error', reject);
    socket.on(place.kind === 'tls' ? 'secureConnect' : 'connect', () => {
      if (place.use === 'raw') {
        socket.on('data', onMessage);
        const send = (data) => socket.write(data);
        resolve({ send, onDrain: (fn) => socket.on('drain', fn), close });
      } else {
        receive(socket, onMessage);
        resolve({ send: lineWriter(socket).send, close });
      }
    });
  });
}

function datagrams(onData) {
  // Without it each send() waits for the name service to answer that an address is itself.
  const lookup = (host, _options, callback) => callback(null, host, 4);
  const socket = require('dgram').createSocket({ type: 'udp4', lookup });
  socket.on('message', (bytes, from) => {
    const message = JSON.parse(bytes.toString());
    if (message.type === 'm') {
      onData(message.data, from);
    }
  });
  return socket;
}

function serveUdp({ host, port }, onMessage) {
  return new Promise((resolve, reject) => {
    const socket = datagrams((data, from) => onMessage(from, data));
    socket.on('error', reject);
    socket.bind(port, host, () =>
      resolve({
        send: (to, data) => socket.send(encode(data), to.port, to.address),
        close: () => socket.close(),
      }),
    );
  });
}

function connectUdp({ host, port, clientPort }, onMessage) {
  return new Promise((resolve, reject) => {
    const socket = datagrams((data) => onMessage(data));
    socket.on('error', reject);
    socket.on('connect', () =>
      resolve({ send: (data) => socket.send(encode(data)), close: () => socket.close() }),
    );
    socket.bind(clientPort, host, () => socket.connect(port, host));
  });
}

const byKind = (udp, stream) => (place, onMessage) =>
  place.kind === 'udp' ? udp(place, onMessage) : stream(place, onMessage);

module.exports = {
  title: 'net, JSON lines',
  version: () => `Node ${process.versions.node}`,
  transports: ['unix', 'tcp', 'tls', 'udp'],
  uses: ['messages', 'many', 'broadcast', 'raw'],
  load,
  serve: byKind(serveUdp, serveStream),
  connect: byKind(connectUdp, connectStream),
};

'use strict';

// Socket.IO's acknowledgements: `emitWithAck` over a WebSocket on the loopback interface, which is what it has; for
// the use 'requests' alone. See index.js for the interface; loaded from there.

const fs = require('fs');
const http = require('http');

const EVENT = 'm';

const load = () => ({ ...require('socket.io'), ...require('socket.io-client') });

module.exports = {
  title: 'Socket.IO emitWithAck',
  version: () => require('socket.io/package.json').version,
  transports: ['unix'],
  uses: ['requests'],
  load,
  async serve({ path }, onMessage) {
    const server = http.createServer();
    const io = new (load().Server)(server, { serveClient: false, transports: ['websocket'] });
    io.on('connection', (socket) => {
      socket.on(EVENT, (data, answer) => answer(onMessage(socket, data)));
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    fs.writeFileSync(path, String(server.address().port)); // for the client
    return { send() {}, close: () => io.close() };
  },
  async connect({ path }) {
    const port = fs.readFileSync(path, 'utf8');
    const { io } = load();
    const socket = io(`http://127.0.0.1:${port}`, {
      transports: ['websocket'],
      reconnection: false,
    });
    await new Promise((resolve, reject) => {
      socket.on('connect', resolve);
      socket.on('connect_error', reject);
    });
    return { request: (data) => socket.emitWithAck(EVENT, data), close: () => socket.close() };
  },
};

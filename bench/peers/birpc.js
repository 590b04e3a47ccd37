'use strict';

// birpc over the channel of child_process.fork(), for the use 'requests' alone. See index.js for the interface;
// loaded from there.

const fs = require('fs');
const path = require('path');

const load = () => import('birpc');

module.exports = {
  title: 'birpc over child_process',
  version: () => {
    const file = path.join(__dirname, '..', '..', 'node_modules', 'birpc', 'package.json');
    return JSON.parse(fs.readFileSync(file, 'utf8')).version; // its `exports` hide it
  },
  transports: ['unix'],
  uses: ['requests'],
  load,
  async serve({ channel }, onMessage) {
    const { createBirpc } = await load();
    let receive;
    const send = channel.share((message) => receive(message));
    const conn = {};
    createBirpc(
      { ask: (data) => onMessage(conn, data) },
      { post: send, on: (fn) => (receive = fn) },
    );
    return { send() {}, close() {} };
  },
  async connect({ channel }) {
    const { createBirpc } = await load();
    let receive;
    const send = channel.share((message) => receive(message));
    const rpc = createBirpc({}, { post: send, on: (fn) => (receive = fn) });
    return { request: (data) => rpc.ask(data), close() {} };
  },
};

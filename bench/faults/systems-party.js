'use strict';
// A process of the other systems that is killed in the middle of what it does: `{what, name, …}`. It says so when
// it has begun. Those that answer are stopped as well. Started by systems.js and around.js.

const { what, name, ...args } = JSON.parse(process.argv[2]);
process.on('disconnect', () => process.exit(1));

const parties = {
  async ipcio({ options }) {
    const { Client } = require('../../ipcio');
    const client = new Client({ ...options, name });
    await client.connect();
    process.send('up');
    for (;;) await client.send('long', 'l'.repeat(3_000_000));
  },

  async zmtp({ comm, task }) {
    const { Agent } = require('../../pixivutil2');
    const agent = await Agent.connect({ identifier: name, comm, task, handshakeTimeout: 20_000 });
    process.send('up');
    for (let i = 0; ; i++) await agent.title(`${i} ${'t'.repeat(100_000)}`);
  },

  async sender({ queue }) {
    const { open } = require('../../mqueue');
    const opened = open(queue);
    for (let i = 0; ; i++) {
      const message = Buffer.alloc(8192, i);
      message.writeUInt32LE(process.pid, 0);
      message.writeUInt32LE(i, 4);
      await opened.send(message);
    }
  },

  async asked({ prefix }) {
    const { AppViewServer } = require('../../appview');
    const server = new AppViewServer({ prefix });
    server.publish({ cfg: { text: 'c'.repeat(150_000) } }).start();
    process.send('up');
  },

  /** In the middle of answers, most of the time. */
  async asker({ prefix, pid }) {
    const { AppViewClient } = require('../../appview');
    const client = new AppViewClient(pid, { prefix, timeout: 20_000, replaceStale: true });
    for (;;) {
      await client.config();
      process.send('up');
    }
  },

  async ipcioServer({ options }) {
    const { Server } = require('../../ipcio');
    const server = new Server(options, { ask: ({ data }) => data });
    server.start();
    await server.ready();
    process.send('up');
  },

  async controller({ comm, task }) {
    const { Controller } = require('../../pixivutil2');
    const controller = new Controller({ comm, task });
    controller.onAria2((file, text) => Number(text));
    await controller.start();
    process.send('up');
  },

  async echo({ names }) {
    const { open } = require('../../mqueue');
    const [there, back] = names.map((it) => open(it));
    process.send('up');
    for await (const { data } of there) await back.send(data);
  },

  async receiver({ queue }) {
    const { open } = require('../../mqueue');
    const opened = open(queue);
    for (let i = 0; ; i++) {
      await opened.receive();
      if (i === 3) process.send('up');
    }
  },
};

void parties[what](args);

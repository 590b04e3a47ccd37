'use strict';
// A client of one of the servers. It knows nothing of the others.

const ipc = require('ferripc');

const [, , name, server] = process.argv;

ipc.config.id = name;
ipc.config.retry = 50; // milliseconds between attempts: the server may start after the client
ipc.config.silent = true;
if (process.env.EXAMPLE_SOCKET_ROOT) ipc.config.socketRoot = process.env.EXAMPLE_SOCKET_ROOT;

ipc.connectTo('chat', `${ipc.config.socketRoot}chat-${server}`, async () => {
  const { chat } = ipc.of;
  chat.on('connect', () => chat.emit('hello', { name })); // also after a connection was lost
  chat.handle('question', (question) => `${question} Fine.`);
  chat.on('said', ({ from, text }) => {
    console.log(`${from} says ${text}`);
    ipc.disconnect('chat');
  });
  if (name !== 'alice') return;

  console.log(`bob is at ${await chat.request('where', 'bob')}`);
  console.log(`bob answers: ${await chat.request('ask', { to: 'bob', question: 'How are you?' })}`);
  chat.emit('say', 'goodbye');
});

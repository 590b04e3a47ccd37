'use strict';
// One of three clients: `alice` speaks and leaves first, each of the others after the one before it.

const ipc = require('ferripc');

const id = process.argv[2];

ipc.config.id = id;
ipc.config.retry = 50;
ipc.config.silent = true;
if (process.env.EXAMPLE_SOCKET_ROOT) ipc.config.socketRoot = process.env.EXAMPLE_SOCKET_ROOT;

ipc.connectTo('room', () => {
  const { room } = ipc.of;

  room.on('connect', () => room.emit('join', { id }));

  room.on('full', ({ present }) => {
    console.log(`in the room: ${present.join(', ')}`);
    if (id !== 'alice') return;
    room.emit('say', 'goodbye, all');
    ipc.disconnect('room'); // what was emitted before is still sent
  });

  room.on('said', ({ from, text }) => console.log(`${from}: ${text}`));

  room.on('left', (gone) => {
    console.log(`${gone.id} has left`);
    if (id === 'carol' && gone.id === 'alice') return; // bob goes first
    ipc.disconnect('room');
  });
});

// Reports the sizes of two files and asks for the total.

import ipc, { type Client } from 'ferripc';
import type { ToClient, ToServer } from './events.js';

ipc.config.id = 'reporter';
ipc.config.silent = true;
ipc.config.retry = 50;
ipc.config.socketRoot = process.env.EXAMPLE_SOCKET_ROOT ?? ipc.config.socketRoot;

ipc.connectTo('sizes');

// The singleton takes any message; a single connection can be given event maps.
const sizes = ipc.of.sizes as Client<ToClient, ToServer>;

sizes.emit('file.size', { name: 'a.txt', bytes: 1200 });
sizes.emit('file.size', { name: 'b.txt', bytes: 34 });
sizes.emit('finish'); // of type void: no data

sizes.on('file.noted', ({ name }) => console.log(`${name} is noted`));

sizes.on('total', ({ files, bytes }) => {
  console.log(`${files} files, ${bytes} bytes`);
  ipc.disconnect('sizes');
});

'use strict';
// Sends three records, one for each kind of payload that raw mode takes.

const ipc = require('ferripc');
const { encode, decoder } = require('./records');

ipc.config.id = 'station';
ipc.config.rawBuffer = true;
ipc.config.encoding = 'hex'; // how strings become bytes
ipc.config.retry = 50;
ipc.config.silent = true;
if (process.env.EXAMPLE_SOCKET_ROOT) ipc.config.socketRoot = process.env.EXAMPLE_SOCKET_ROOT;

ipc.connectTo('sensors', () => {
  const { sensors } = ipc.of;
  let answers = 0;

  sensors.on('connect', () => {
    sensors.emit(encode(1, 210)); // a Buffer, or any Uint8Array
    sensors.emit([0, 2, 0xff, 0xff, 0xff, 0xfb]); // a list of bytes: sensor 2, value -5
    sensors.emit('0003000003e8'); // a string in config.encoding: sensor 3, value 1000
  });

  sensors.on(
    'data',
    decoder((sensor, value) => {
      console.log(`sensor ${sensor}, doubled: ${value}`);
      answers++;
      if (answers === 3) ipc.disconnect('sensors');
    }),
  );
});

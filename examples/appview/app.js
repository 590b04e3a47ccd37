'use strict';
// A program that answers requests: a native thread sends what it has published, even while it computes.

const { AppViewServer } = require('ferripc/appview');

const settings = { log: { level: 'info' } };
const server = new AppViewServer();
server.publish({
  viewed: true,
  cfg: settings,
  interfaces: [{ name: 'log', config: 'file:///tmp/app.log', connected: true }],
});

server.on('setConfig', (cfg) => {
  Object.assign(settings, cfg);
  server.publish({ cfg: settings });
  console.log('new settings:', JSON.stringify(settings));
});

let served = 0;
server.handle(6, () => ({ served }), 'getServed');
server.handle(7, () => void setImmediate(() => server.stop()), 'stop');

server.start();
process.send('ready');

// Five hundred milliseconds of work, in which no event is handled.
const end = Date.now() + 500;
while (Date.now() < end) served++;

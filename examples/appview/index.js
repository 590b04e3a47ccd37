'use strict';
// node examples/appview
// AppView: a program that answers requests for its state and settings, and a tool that makes them, as `appview inspect` does.

const { fork } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { AppViewClient, isSupported } = require('ferripc/appview');

async function main() {
  if (!isSupported) {
    console.log('message queues: only Linux has them');
    return;
  }
  const app = fork(path.join(__dirname, 'app.js'));
  const ended = once(app, 'exit');
  await once(app, 'message');

  const client = new AppViewClient(app.pid, { timeout: 5000 });
  const { cfg, interfaces } = await client.inspect(); // the program is busy
  console.log('settings:', JSON.stringify(cfg.current));
  console.log('sends to:', interfaces.map(({ config }) => config).join());

  await client.setConfig({ log: { level: 'debug' } });
  const { body } = await client.request(6); // waits until the program is not busy
  console.log('has worked:', body.served > 0);
  console.log('settings:', JSON.stringify((await client.config()).cfg.current));
  await client.request(7);
  await ended;
}

main();

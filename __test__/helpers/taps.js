'use strict';
// Servers with a tap, and who reads it: for the suites cli/tap.test.js and cli/tap-server.test.js, and fake-timers.test.js.

const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { once } = require('./events');

/** The helpers for `world`, and for `start` of its command (see command.js). */
function tapsOf(world, start) {
  /** `config` of a server whose tap is in the test's directory, whatever its transport is. */
  const tapped = (tap = true) => ({ id: 'tapped', socketRoot: `${world.tmp()}/`, tap });

  const tapOf = (server) =>
    server.port ? path.join(world.tmp(), 'app.tapped.tap') : `${server.path}.tap`;

  /** `ferripc tap --json` that listens to the server. */
  async function tap(server, args = [], options) {
    const running = start(['tap', tapOf(server), '--json', ...args], options);
    const [{ event, pid, payloads }] = await running.values(1);
    const allowed = server.config.tap.payloads ?? false;
    expect([event, pid, payloads]).toEqual(['tap', process.pid, allowed]);
    return running;
  }

  /** A reader of a tap by hand. */
  async function connectTap(file, wish = {}) {
    const place = { dial: () => net.connect(`${file}.tap`), up: 'connect' };
    const peer = await world.peer(place);
    peer.send('tap', wish);
    return peer;
  }

  /** Starts a server at `file` whose tap cannot be made, since there is a file in its place. Resolves with what it says. */
  async function untappable() {
    const file = world.socketPath();
    fs.writeFileSync(`${file}.tap`, 'mine');
    const server = world.host({ serve: (ipc) => ipc.serve(file) }, { tap: true });
    const failed = once(server, 'error');
    await server.start();
    const [error] = await failed;
    return { file, error };
  }

  return { tapped, tapOf, tap, connectTap, untappable };
}

module.exports = { tapsOf };

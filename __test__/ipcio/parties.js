'use strict';
// Servers and clients in a folder of the test's own, which end with it; and what their handlers got.

const { Client, Server } = require('../../ipcio');

/** For the tests of one file, with their `world`. */
function createParties(world) {
  /** A server that listens. */
  async function serve(handlers = {}, options = {}) {
    const server = new Server({ socketRoot: world.tmp(), ...options }, handlers);
    server.start();
    world.after(() => server.stop());
    await server.ready();
    return server;
  }

  function makeClient(name, handlers = {}, options = {}) {
    const all = { socketRoot: world.tmp(), name, reconnectDelay: 10, ...options };
    const client = new Client(all, handlers);
    world.after(() => client.disconnect());
    return client;
  }

  async function connect(name, handlers, options) {
    const client = makeClient(name, handlers, options);
    await client.connect();
    return client;
  }

  return { serve, makeClient, connect };
}

/** A handler, and a promise of `count` of its containers. */
function collect(count = 1) {
  const containers = [];
  let done;
  const all = new Promise((resolve) => (done = resolve));
  const handler = (container) => {
    containers.push(container);
    if (containers.length === count) done(containers);
  };
  return { handler, all };
}

const datas = (containers) => containers.map(({ data }) => data);

module.exports = { collect, createParties, datas };

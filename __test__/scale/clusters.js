'use strict';
// Clusters within one process, with a broker in memory. Used by the suites beside this one.
//
//   const { cluster, member } = createClusters(world);

const scale = require('../../scale');

function hubOf() {
  const hub = new scale.Hub();
  return () => scale.memory({ hub });
}

const knows = (id) => (lists) => lists.clients.some((it) => it.id === id);
const hasClients = (count) => (lists) => lists.clients.length === count;

/** A broker in memory that does something else with what is published. */
function altered(hub, publish) {
  const broker = scale.memory({ hub });
  const usual = broker.publish.bind(broker);
  broker.publish = (subject, bytes) => publish(usual, subject, bytes, JSON.parse(bytes).kind);
  return broker;
}

/** `cluster` and `member`, whose servers are gone after the test. */
function createClusters(world) {
  /** Some servers of one cluster, with `options` of `join`. `brokers(index)` gives each its broker's client. */
  async function cluster(count, options = {}, brokers = hubOf()) {
    const members = [];
    for (let index = 0; index < count; index++) {
      members.push(await member({ name: `server ${index}`, broker: brokers(index), ...options }));
    }
    await Promise.all(members.map((it) => it.sees(({ servers }) => servers.length === count)));
    return members;
  }

  /** A server that takes part: `sees(test)` waits until its lists pass; `client(id)` connects somebody. */
  async function member(options) {
    const at = await world.place('unix');
    const server = await world.serve(at);
    const joined = await scale.join(server, {
      id: 'test',
      heartbeat: 50,
      timeout: 5000,
      ...options,
    });
    world.after(() => joined.close());
    const lists = () => ({ clients: joined.clients(), servers: joined.servers() });
    const sees = (fits) =>
      new Promise((resolve) => {
        const look = () => {
          if (!fits(lists())) return;
          joined.off('*', look);
          resolve();
        };
        joined.on('*', look);
        look();
      });
    async function client(id) {
      const { client: made, socket } = await world.meet(server, at);
      if (id !== undefined) joined.identify(socket, id);
      return { client: made, socket };
    }
    return { at, server, joined, sees, client };
  }

  return { cluster, member };
}

module.exports = { altered, createClusters, hasClients, knows };

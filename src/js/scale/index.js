'use strict';
// `ferripc/scale`: servers of one id, on any number of machines, that behave as one. What reaches the others goes
// through a broker, which is somebody else's program: see brokers/.

const { onDemand } = require('../core'); // first: before there can be fakes
const Cluster = require('./cluster');
const { Hub, MemoryBroker } = require('./brokers/memory');
const { toSettings } = require('./options');

const natsBroker = onDemand(() => require('./brokers/nats'));
const redisBroker = onDemand(() => require('./brokers/redis'));

/**
 * Makes `server` take part. Resolves when the broker is up and the others can reach this server.
 * See `JoinOptions` in index.d.ts.
 */
async function join(server, options) {
  const cluster = new Cluster(server, toSettings(server, options));
  try {
    await cluster._open();
  } catch (error) {
    await cluster.close();
    throw error;
  }
  return cluster;
}

/** A broker's client for NATS. `options`: those of `connect` in `@nats-io/transport-node`. */
function nats(options) {
  return natsBroker()(options);
}

/** A broker's client for Redis and Valkey. `options`: `url`, `maxPayload`, and those of `ioredis`. */
function redis(options) {
  return redisBroker()(options);
}

/** A broker's client within this process. `options.hub`: which Hub it is of; by default all are of one. */
function memory(options) {
  return new MemoryBroker(options);
}

module.exports = { Hub, join, memory, nats, redis };

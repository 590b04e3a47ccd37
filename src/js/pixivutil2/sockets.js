'use strict';
// The options that a controller's sockets and an agent's have in common. Used by controller.js and agent.js.

const { core } = require('../core');
const { lookup } = core('dns');
const { toLimit, toText, toTime } = require('../arguments');
const { valueError } = require('../errors');

/** Defaults: bytes, connections, ms. */
const DEFAULTS = {
  maxMessageBytes: 16 * 1024 * 1024,
  maxConnections: 1024,
  maxBufferedBytes: 256 * 1024 * 1024,
  connectionTimeout: 10_000,
  heartbeatTimeout: 10_000,
};

/** The names of the options that both have; connections and what they hold together are a controller's. */
const SOCKET_OPTIONS = [
  'maxMessageBytes',
  'connectionTimeout',
  'heartbeatInterval',
  'heartbeatTimeout',
];

/** What the native side takes, see SocketOptions in src/binding/pixivutil2. */
function toSockets(options) {
  const { maxMessageBytes, maxConnections, maxBufferedBytes, connectionTimeout, heartbeatTimeout } =
    {
      ...DEFAULTS,
      ...defined(options),
    };
  const { heartbeatInterval } = options;
  const beats = heartbeatInterval !== undefined && heartbeatInterval !== 0;
  return {
    maxMessageBytes: toLimit(maxMessageBytes, 'options.maxMessageBytes'),
    maxConnections: toLimit(maxConnections, 'options.maxConnections'),
    maxBufferedBytes: toLimit(maxBufferedBytes, 'options.maxBufferedBytes'),
    handshakeTimeout: toTime(connectionTimeout, 'options.connectionTimeout'),
    heartbeatTimeout: toTime(heartbeatTimeout, 'options.heartbeatTimeout'),
    ...(beats && { heartbeatInterval: toTime(heartbeatInterval, 'options.heartbeatInterval') }),
  };
}

const defined = (options) =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

/** An endpoint of ZeroMQ. What else is wrong with it the native side says. */
function toEndpoint(endpoint, name) {
  if (/^(tcp|ipc):\/\//.test(toText(endpoint, name))) return endpoint;
  throw valueError(
    `The "${name}" argument must be an endpoint such as tcp://127.0.0.1:4048 or ipc:///path. Received ${endpoint}`,
  );
}

/**
 * The endpoint with an address in place of a host's name: IPv4 rather than IPv6, as libzmq has it.
 * @throws {Error} what `dns.lookup` fails with
 */
async function lookedUp(endpoint) {
  const [, host, port] = /^tcp:\/\/([^[\]/:]+):(\d+)$/.exec(endpoint) ?? [];
  if (host === undefined || /^(\*|localhost)$/i.test(host)) return endpoint;
  const addresses = await new Promise((resolve, reject) =>
    lookup(host, { all: true }, (error, found) => (error ? reject(error) : resolve(found))),
  );
  const { address, family } = addresses.find((one) => one.family === 4) ?? addresses[0];
  return `tcp://${family === 6 ? `[${address}]` : address}:${port}`;
}

/** What an agent calls itself. */
function toIdentifier(identifier, name = 'identifier') {
  if (toText(identifier, name) !== '' && !identifier.includes('|')) return identifier;
  throw valueError(
    `The "${name}" argument must not be empty, nor have "|". Received ${identifier}`,
  );
}

module.exports = { SOCKET_OPTIONS, lookedUp, toEndpoint, toIdentifier, toSockets };

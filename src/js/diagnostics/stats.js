'use strict';
// The counters behind `stats()`: client.js, server.js and datagram-socket.js report rare events here (a connection
// that ends, a retry); ipc.js, client.js, server.js and socket.js ask for snapshots. Each message is counted on the
// engine's connection (connection.js, datagrams.js) or in the engine.
//
// The fields are described in index.d.ts.

const { channels, dropsOf, publish, transportOf } = require('./channels');
const { lazily, now } = require('../core');

const engine = lazily(() => require('../engine/engine'));

/** What is summed up over connections. */
const SUMS = Object.keys(traffic());

/** Counters of a client or server: those of its closed connections, and those that belong to no connection. */
class Meter {
  connections = 0;
  retries = 0;
  refused = 0;
  datagramsReceived = 0;
  datagramsSent = 0;
  past = traffic();
}

/** Client or server -> Meter. */
const meters = new WeakMap();

/** Sockets that are in their owner's `past`. */
const closed = new WeakSet();

function traffic() {
  return {
    messagesReceived: 0,
    messagesSent: 0,
    messagesQueued: 0,
    bytesReceived: 0,
    bytesSent: 0,
    bytesQueued: 0,
  };
}

function meterOf(owner) {
  let meter = meters.get(owner);
  if (meter === undefined) meters.set(owner, (meter = new Meter()));
  return meter;
}

function add(to, from) {
  for (const name of SUMS) to[name] += from[name];
}

/** Adds one to 'connections', 'retries' or 'refused'. */
function count(owner, name) {
  meterOf(owner)[name]++;
}

/** Messages that a connection attempt took, which then failed. */
function lost(socket) {
  const connection = socket._counted;
  return connection !== null && !wasUp(connection) ? connection.sent : 0;
}

/** Bytes that left by a connection that was closed before it was reported. */
function sentEarly(socket) {
  const { openedAt = 0, closed = null } = socket._counted ?? {};
  return openedAt === 0 && closed !== null ? closed.written : 0;
}

/** Of the messages that it took, so many have left by such a connection. */
function setSent(socket, messages) {
  socket._counted.sent = messages;
}

/** A connection that is being closed before it is reported may still have sent something. */
function wasUp(connection) {
  return connection.openedAt > 0 || (connection.closed !== null && connection.closed.written > 0);
}

/** Until its 'close', it is not known which messages have left by a connection that was not reported: they are still held. */
function hasCarried(socket, connection) {
  return connection.openedAt > 0 || (closed.has(socket) && wasUp(connection));
}

/** A socket's 'close' event: its counters are added to its owner's. */
function close(owner, socket, hadError) {
  if (closed.has(socket)) return;
  closed.add(socket);
  const meter = meterOf(owner);
  add(meter.past, trafficOf(socket));
  meter.past.messagesQueued = meter.past.bytesQueued = 0;
  if (typeof socket._send !== 'function') {
    const { datagramsReceived = 0, datagramsSent = 0 } = socket._counted ?? {};
    meter.datagramsReceived += datagramsReceived;
    meter.datagramsSent += datagramsSent;
  } else if (socket._counted?.openedAt > 0) {
    publish(channels.close, owner, { socket, hadError: Boolean(hadError) });
  }
}

/** Whether `close` was called for it. */
function isClosed(socket) {
  return closed.has(socket);
}

/** The counters of a connection, or of a UDP server's socket. */
function trafficOf(socket) {
  const connection = socket._counted;
  if (connection === null) return traffic();
  if (typeof socket._send !== 'function') return connection;
  const [bytesReceived, bytesSent, waiting] = connection.counters();
  const pending = connection.closed === null ? connection.pendingBytes : 0;
  return {
    messagesReceived: connection.received,
    messagesSent: hasCarried(socket, connection) ? connection.sent : 0,
    messagesQueued: 0,
    bytesReceived,
    bytesSent,
    bytesQueued: waiting + pending,
  };
}

/** What a client's or server's open connections have counted, and those that are closed. */
function sum(owner, sockets) {
  const total = traffic();
  const { past } = meterOf(owner);
  add(total, past);
  for (const socket of sockets) if (!closed.has(socket)) add(total, trafficOf(socket));
  return total;
}

/** 0 while it is not up. */
function connectedMs(socket) {
  const { openedAt = 0, closedAt = 0 } = socket?._counted ?? {};
  return openedAt === 0 ? 0 : (closedAt || now()) - openedAt;
}

/** Except for objects that tests put in the place of a socket. */
const isCounted = (socket) => Boolean(socket) && socket._counted !== undefined;

/** An id may be anything that a peer has sent, even an object whose methods throw. */
function plain(value) {
  return typeof value === 'string' || typeof value === 'number' ? value : null;
}

function socketStats(socket) {
  const counted = { ...trafficOf(socket) };
  delete counted.messagesQueued; // always 0: what waits is known in bytes alone
  return {
    id: plain(socket.id),
    remoteAddress: plain(socket.remoteAddress),
    remotePort: plain(socket.remotePort),
    connectedMs: connectedMs(socket),
    ...counted,
    dropped: dropsOf(socket),
  };
}

function where({ path, port }) {
  return port ? { host: String(path), port: Number(port) } : { path: String(path) };
}

function clientStats(client) {
  const { state, held, heldSize, queuedSize } = client._status;
  const { connections, retries } = meterOf(client);
  const { socket, retriesRemaining: left } = client;
  const counted = sum(client, isCounted(socket) ? [socket] : []);
  counted.messagesQueued += held + (client.queue.contents?.length ?? 0);
  // While an attempt is under way its connection has what is held.
  counted.bytesQueued += queuedSize + (state === 'waiting' ? heldSize : 0);
  return {
    id: plain(client.id),
    transport: transportOf(client),
    ...where(client),
    state,
    connectedMs: state === 'connected' ? connectedMs(socket) : 0,
    connections,
    retries,
    retriesRemaining: Number.isFinite(left) ? left : null,
    ...counted,
    dropped: dropsOf(client),
  };
}

function serverStats(server) {
  const { connections, refused, datagramsReceived, datagramsSent } = meterOf(server);
  const { server: listener } = server;
  const isUdp = server.udp4 || server.udp6;
  const sockets = isUdp ? [] : server.sockets.filter(isCounted);
  const counted = sum(server, isUdp && isCounted(listener) ? [listener] : sockets);
  const listening = Boolean(listener && listener.listening);
  const bound = listening ? listener.address?.() : null;
  const stats = {
    id: plain(server.config?.id),
    transport: transportOf(server),
    ...where(server),
    ...(bound?.port && { port: bound.port }),
    listening,
    connections: sockets.length,
    accepted: connections,
    refused,
    ...counted,
    dropped: dropsOf(server),
    sockets: sockets.map(socketStats),
  };
  if (isUdp) {
    const open = (listener && !closed.has(listener) && listener._counted) || {};
    stats.datagramsReceived = datagramsReceived + (open.datagramsReceived ?? 0);
    stats.datagramsSent = datagramsSent + (open.datagramsSent ?? 0);
  }
  return stats;
}

/** The sums of several clients and servers. */
class Totals {
  connections = 0;

  constructor() {
    Object.assign(this, traffic());
    this.dropped = dropsOf(this);
  }

  /** Adds what `clientStats` or `serverStats` gave. */
  add({ state, connections, dropped, ...counted }) {
    this.connections += state === undefined ? connections : Number(state === 'connected');
    add(this, counted);
    for (const reason of Object.keys(dropped)) this.dropped[reason] += dropped[reason];
  }
}

/** Clients and servers that an instance no longer has, but still counts. */
class Former {
  #totals = new Totals();
  #leaving = new Set();

  /** A client that is about to end. Returns what is to be called when it has. */
  client(client) {
    this.#leaving.add(client);
    return () => {
      if (this.#leaving.delete(client)) this.#keep(clientStats(client));
    };
  }

  /** A server that another one replaces; it may go on. */
  server(server) {
    const listener = server.server;
    const done = () => {
      if (this.#leaving.delete(server)) this.#keep(serverStats(server));
    };
    this.#leaving.add(server);
    const isStandIn = listener && listener._closed === undefined;
    if (!listener || isStandIn || (listener._closed && server.sockets.length === 0)) done();
    else listener.once('close', done);
  }

  /** Everything has ended: nothing is connected, and nothing waits. */
  #keep(stats) {
    this.#totals.add({ ...stats, state: 'closed', messagesQueued: 0, bytesQueued: 0 });
  }

  addTo(totals) {
    totals.add({ ...this.#totals, state: 'closed' });
    for (const one of this.#leaving) {
      totals.add(one.sockets === undefined ? clientStats(one) : serverStats(one));
    }
  }
}

/** What `ipc.stats()` returns. `former`: null if there are none. */
function ipcStats(ipc, former) {
  const totals = new Totals();
  const server = ipc.server?.sockets ? serverStats(ipc.server) : null; // a test may put anything there
  const clients = {};
  for (const [id, client] of Object.entries(ipc.of)) {
    if (typeof client?._status !== 'object') continue; // not ours
    Object.defineProperty(clients, id, {
      value: clientStats(client),
      ...{ enumerable: true, configurable: true, writable: true }, // `__proto__` is an id, too
    });
  }
  if (server) totals.add(server);
  for (const stats of Object.values(clients)) totals.add(stats);
  former?.addTo(totals);
  return {
    driver: engine().currentDriver(),
    totals: { ...totals },
    server,
    clients,
  };
}

module.exports = {
  Former,
  clientStats,
  close,
  count,
  ipcStats,
  isClosed,
  lost,
  sentEarly,
  setSent,
  serverStats,
  socketStats,
};

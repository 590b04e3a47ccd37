'use strict';

// The server sends the same messages to many clients, which live in one process: deliveries per second.
// See index.js for the interface; loaded from there.
//
// The server stays within a window of the slowest client, each of which acknowledges now and then, so
// that no peer has to drop anything. Before that it broadcasts until every client has heard it: with a
// publisher a subscription takes effect some time after it was made.

const { makeMessage, isMessage, mismatch } = require('../lib/message.js');

const CLIENTS = 50;
const SLICE = 16;
const ACKNOWLEDGE_EVERY = 64;
const WINDOW = 256;
const WARM_UP = 1000;
const SYNC_MS = 20;

function server({ send, broadcast }) {
  const acknowledged = new Array(CLIENTS).fill(0);
  const heard = new Set();
  let starter;
  let total = 0;
  let sent = 0;
  let waiting = false;
  let all = 0;

  function sync() {
    if (heard.size < CLIENTS) {
      broadcast({ sync: true });
      setTimeout(sync, SYNC_MS);
    }
  }

  function sendSlice() {
    const end = Math.min(total, sent + SLICE, Math.min(...acknowledged) + WINDOW);
    while (sent < end) {
      broadcast(makeMessage(sent));
      sent++;
      all++;
    }
    waiting = sent < total && sent === Math.min(...acknowledged) + WINDOW;
    if (sent < total && !waiting) {
      setImmediate(sendSlice);
    }
  }

  function start(conn, count) {
    starter = conn;
    total = count;
    sent = 0;
    acknowledged.fill(0);
    sendSlice();
  }

  function onAcknowledged(client, received) {
    acknowledged[client] = received;
    if (acknowledged.every((n) => n === total)) {
      send(starter, { done: true });
    } else if (waiting) {
      waiting = false;
      setImmediate(sendSlice);
    }
  }

  return {
    onMessage(conn, data) {
      if (data.sync) {
        starter = conn;
        sync();
      } else if (data.heard !== undefined) {
        heard.add(data.heard);
        if (heard.size === CLIENTS) {
          send(starter, { done: true });
        }
      } else if (data.total !== undefined) {
        start(conn, data.total);
      } else {
        onAcknowledged(data.client, data.received);
      }
    },
    report: () => ({ sent: all }),
  };
}

/** The clients in this process, and what they do with what they hear. */
async function makeClients(ctx) {
  const next = new Array(CLIENTS).fill(0);
  const synced = new Array(CLIENTS).fill(false);
  const connections = [];
  let total = 0;
  let onDone;

  function onMessage(client, data) {
    if (data.sync) {
      if (!synced[client]) {
        synced[client] = true;
        connections[client].send({ heard: client });
      }
    } else if (data.done) {
      onDone();
    } else if (!isMessage(data, next[client])) {
      ctx.fail(mismatch(data, next[client]));
    } else {
      const received = ++next[client];
      if (received === total || received % ACKNOWLEDGE_EVERY === 0) {
        connections[client].send({ client, received });
      }
    }
  }

  for (let client = 0; client < CLIENTS; client++) {
    connections.push(await ctx.connect((data) => onMessage(client, data)));
  }
  const ask = (question) =>
    ctx.until((done) => {
      onDone = done;
      connections[0].send(question);
    });
  return {
    sync: () => ask({ sync: true }),
    async run(count) {
      total = count;
      next.fill(0);
      await ask({ total });
      ctx.check(
        next.every((n) => n === count),
        'a client has not received all',
      );
    },
    close: () => connections.forEach((connection) => connection.close()),
  };
}

async function client(ctx) {
  const clients = await makeClients(ctx);
  await clients.sync();
  await clients.run(WARM_UP);
  const used = await ctx.measure(() => clients.run(ctx.count));
  const { sent } = await ctx.report();
  ctx.check(sent === WARM_UP + ctx.count, `the server sent ${sent} messages`);
  clients.close();
  const deliveries = ctx.count * CLIENTS;
  return {
    rate: deliveries / used.elapsedMs,
    cpu: used.clientCpuUs / deliveries,
    serverCpu: used.serverCpuUs / deliveries,
  };
}

module.exports = {
  name: 'broadcast',
  title: `Broadcast to ${CLIENTS} clients, 100 B`,
  metrics: [{ key: 'rate', title: 'deliveries', unit: 'k msg/s', better: 'higher', target: 2.5 }],
  use: 'broadcast',
  connections: 0,
  modes: ['free'],
  count: 6000,
  quickCount: 2000,
  timeLimitMs: 60000,
  server,
  client,
};

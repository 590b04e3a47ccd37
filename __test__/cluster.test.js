'use strict';
// Servers in the workers of node:cluster: the primary hands connections out (K23), but on Windows, where it
// has none to hand out.

const fs = require('node:fs');
const { IPC } = require('..');
const { makeFamily } = require('./helpers/certificates');
const { testInTurn } = require('./helpers/combinations');
const { KINDS, createWorld, freePort, tcpPlace, unixPlace } = require('./helpers/world');
const { once } = require('./helpers/events');
const { onUnix, onWindows } = require('./helpers/platform');

const world = createWorld();

/** A primary with its workers; `next(event, worker)` is their next report of that kind. */
class Cluster {
  #child;
  #seen = [];
  #waiting = [];

  constructor(options) {
    this.#child = world.child('cluster.js', options);
    this.exited = this.#child.exited;
    this.#read();
  }

  async #read() {
    try {
      for (;;) this.#take(await this.#child.next());
    } catch (error) {
      for (const { reject } of this.#waiting) reject(error);
    }
  }

  #take(report) {
    const index = this.#waiting.findIndex(({ fits }) => fits(report));
    if (index === -1) this.#seen.push(report);
    else this.#waiting.splice(index, 1)[0].resolve(report.slice(2));
    if (report[0] !== 'exit') return;
    for (const { worker, reject } of this.#waiting) {
      if (worker === report[1]) reject(new Error(`worker ${worker} ended`));
    }
  }

  async next(event, worker) {
    const fits = (report) => report[0] === event && (!worker || report[1] === worker);
    const index = this.#seen.findIndex(fits);
    if (index !== -1) return this.#seen.splice(index, 1)[0].slice(2);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ fits, worker, resolve, reject });
    });
  }

  command(...command) {
    this.#child.tell(JSON.stringify(command));
  }

  tell(...command) {
    this.command('tell', ...command);
  }

  async state(worker) {
    this.tell(worker, 'state');
    return (await this.next('state', worker))[0];
  }
}

const places = {
  unix: async () => unixPlace(world.file()),
  tcp: async () => tcpPlace('127.0.0.1', await freePort()),
};

/** `count` workers that listen at `place`. */
async function start(place, count = 3, options) {
  const made = new Cluster({ place: place.options, workers: count, ...options });
  for (let worker = 1; worker <= count; worker++) await made.next('started', worker);
  return made;
}

/** Which worker serves `client`, over its present connection. */
async function who(client, data) {
  const answer = once(client, 'me');
  client.emit('who', data);
  return (await answer)[0].worker;
}

/** `count` clients, connected one after the other, and the worker that each of them has. */
async function connect(place, count, implementation = IPC, config = {}) {
  const clients = [];
  for (let i = 0; i < count; i++) {
    const ipc = world.ipc(config, implementation);
    place.connectTo(ipc, 'server');
    const client = ipc.of.server;
    await once(client, 'connect');
    clients.push({ client, worker: await who(client) });
  }
  return clients;
}

const old = { 9: require('node-ipc-9').IPC, 10: require('node-ipc-10').IPCModule };

const countBy = (list) => {
  const counts = {};
  for (const { worker } of list) counts[worker] = (counts[worker] ?? 0) + 1;
  return counts;
};

onUnix.describe.each(KINDS)('workers of a cluster, %s', (kind) => {
  // Over one of the two, and the next test over the other one.
  let number = 0;
  const index = KINDS.indexOf(kind);
  const next = () => testInTurn(index, number++);

  next()('get the connections in turn (K23)', async () => {
    const place = await places[kind]();
    await start(place);
    expect(countBy(await connect(place, 9))).toEqual({ 1: 3, 2: 3, 3: 3 });
  });

  next()('all get some when the system hands them out, SCHED_NONE (K23)', async () => {
    const place = await places[kind]();
    const cluster = await start(place, 2, { policy: 'SCHED_NONE' });
    const served = countBy(await connect(place, 8));
    expect(Object.values(served).reduce((sum, count) => sum + count, 0)).toBe(8);
    const [one] = Object.keys(served);
    cluster.tell(+one, 'stop', { disconnect: true }); // its share goes to the other
    await cluster.next('closed', +one);
    const other = one === '1' ? 2 : 1;
    expect(countBy(await connect(place, 2))).toEqual({ [other]: 2 });
  });

  next()('what a client sends with its connection arrives whole and in order (K23)', async () => {
    const place = await places[kind]();
    await start(place);
    const size = 300_000;
    const results = Array.from({ length: 12 }, async (_, i) => {
      const peer = await world.peer(place);
      for (let n = 0; n < 5; n++) peer.send('who', { i, n, text: 'x'.repeat(size) });
      for (let n = 0; n < 5; n++) {
        const { data } = (await peer.message()).data;
        expect([data.i, data.n, data.text.length]).toEqual([i, n, size]);
      }
    });
    await Promise.all(results);
  });

  next().each(['kill', 'exit'])(
    'a worker that dies (%s) in full traffic is replaced; its clients go on (K8, K23)',
    async (how) => {
      const place = await places[kind]();
      const cluster = await start(place);
      // Each worker has one of each kind.
      const clients = [
        ...(await connect(place, 3)),
        ...(await connect(place, 3, old[9])),
        ...(await connect(place, 3, old[10])),
      ];
      const victims = clients.filter(({ worker }) => worker === 2);
      const others = clients.filter(({ worker }) => worker !== 2);
      const disconnects = [];
      const traffic = clients.map(({ client }, index) => {
        const state = { sent: 0, answered: [] };
        const more = () => client.emit('who', state.sent++);
        client.on('me', ({ data }) => {
          if (data === undefined) return; // not of the traffic
          state.answered.push(data);
          more();
        });
        client.on('disconnect', () => disconnects.push(index));
        client.on('connect', more);
        more();
        return state;
      });
      await Promise.all(clients.map(({ client }) => once(client, 'me')));
      const reconnected = victims.map(({ client }) => once(client, 'connect'));
      const answeredBefore = traffic.map(({ answered }) => answered.length);
      if (how === 'kill') cluster.command('kill', 2);
      else victims[0].client.emit('exit');
      expect(await cluster.next('exit', 2)).toEqual([how === 'kill' ? 'SIGKILL' : 3]);
      await Promise.all(reconnected);
      cluster.command('fork');
      await cluster.next('started', 4);
      // The traffic goes on for everybody, and the others have not noticed.
      await Promise.all(clients.map(({ client }) => once(client, 'me')));
      expect(disconnects.sort()).toEqual(victims.map((victim) => clients.indexOf(victim)).sort());
      for (const [index, { answered }] of traffic.entries()) {
        expect(answered.length).toBeGreaterThan(answeredBefore[index]);
        expect(answered).toEqual([...answered].sort((a, b) => a - b)); // none twice, none late
        expect(new Set(answered).size).toBe(answered.length);
      }
      for (const { client, worker } of others) expect(await who(client)).toBe(worker);
      expect(countBy(await connect(place, 6))).toEqual({ 1: 2, 3: 2, 4: 2 });
    },
  );

  next()('stop() in one leaves the others serving; it can start again (K23, K26)', async () => {
    const place = await places[kind]();
    const cluster = await start(place);
    const first = (await connect(place, 3)).find(({ worker }) => worker === 1);
    cluster.tell(1, 'stop');
    const address = kind === 'unix' ? place.options.path : null; // as Node's
    expect(await cluster.state(1)).toEqual({ count: 1, listening: false, address });
    expect(countBy(await connect(place, 4))).toEqual({ 2: 2, 3: 2 });
    expect(await who(first.client)).toBe(1); // its connections stay
    cluster.tell(1, 'start');
    await cluster.next('started', 1);
    expect(countBy(await connect(place, 3))).toEqual({ 1: 1, 2: 1, 3: 1 });
  });

  next()('disconnect() of a worker waits for its connections, then it ends (K23)', async () => {
    const place = await places[kind]();
    const cluster = await start(place, 2);
    const clients = await connect(place, 2);
    const { client } = clients.find(({ worker }) => worker === 1);
    cluster.tell(1, 'disconnect');
    expect((await cluster.state(1)).listening).toBe(false);
    expect(countBy(await connect(place, 2))).toEqual({ 2: 2 });
    expect(await who(client)).toBe(1);
    client.config.stopRetrying = true;
    client.socket.destroy();
    await cluster.next('disconnected', 1);
    expect(await cluster.next('exit', 1)).toEqual([0]);
  });

  next()('a worker ends though its server waits for a primary that does not answer', async () => {
    const cluster = await start(await places[kind](), 1);
    cluster.tell(1, 'stop');
    await cluster.next('closed', 1);
    cluster.tell(1, 'startTooLate');
    expect(await cluster.next('exit', 1)).toEqual([0]);
  });

  next()('the last one that stops closes the address (K23)', async () => {
    const place = await places[kind]();
    const cluster = await start(place, 2);
    for (const worker of [1, 2]) {
      cluster.tell(worker, 'stop');
      await cluster.next('closed', worker);
      cluster.tell(worker, 'disconnect');
      expect(await cluster.next('exit', worker)).toEqual([0]);
    }
    if (kind === 'unix') expect(fs.readdirSync(world.tmp())).toEqual([]);
    const late = world.ipc({ maxRetries: 0 });
    place.connectTo(late, 'server');
    const code = kind === 'unix' ? 'ENOENT' : 'ECONNREFUSED';
    expect((await once(late.of.server, 'error'))[0]).toMatchObject({ code });
  });

  next()('over maxConnections goes to a worker that has room (K23)', async () => {
    const place = await places[kind]();
    const cluster = await start(place, 2, { config: { maxConnections: 2 } });
    const clients = await connect(place, 2);
    cluster.tell(1, 'stop');
    await cluster.state(1);
    const more = await connect(place, 1); // the second of worker 2
    expect(more[0].worker).toBe(2);
    cluster.tell(1, 'start');
    await cluster.next('started', 1);
    expect((await connect(place, 1))[0].worker).toBe(1);
    expect(clients.map(({ worker }) => worker).sort()).toEqual([1, 2]);
    expect((await cluster.state(2)).count).toBe(2);
  });

  next()('an address in use is an error of the worker (K23)', async () => {
    const place = await places[kind]();
    await world.serve(place);
    const cluster = new Cluster({ place: place.options, workers: 2 });
    for (const worker of [1, 2]) {
      expect(await cluster.next('error', worker)).toEqual(['EADDRINUSE', 'bind']);
      expect(await cluster.state(worker)).toEqual({ count: 0, listening: false, address: null });
    }
  });

  next().each(['9', '10'])('@achrinza/node-ipc %s on the other side (K23)', async (version) => {
    const module = `node-ipc-${version}`;
    const ours = await places[kind]();
    await start(ours, 2);
    expect(countBy(await connect(ours, 4, old[version]))).toEqual({ 1: 2, 2: 2 });
    const theirs = await places[kind]();
    await start(theirs, 2, { module });
    expect(countBy(await connect(theirs, 4))).toEqual({ 1: 2, 2: 2 });
  });
});

onUnix.test('each worker does the TLS handshake of its connections (K22, K23)', async () => {
  const { ca, server } = makeFamily();
  const config = { tls: { key: server.key, cert: server.cert } };
  const place = await places.tcp();
  const workers = await start(place, 2, { config });
  expect(countBy(await connect(place, 4, IPC, { tls: { ca: ca.cert } }))).toEqual({ 1: 2, 2: 2 });
  world.dial(place, { maxRetries: 0 }).emit('who', 'without TLS');
  expect((await workers.next('error'))[0]).toMatch(/^ERR_SSL_/);
  for (const worker of [1, 2]) expect((await workers.state(worker)).count).toBe(2);
});

onUnix.test('TCP port 0 is one and the same port for all workers (K23)', async () => {
  const cluster = new Cluster({ place: { host: '127.0.0.1', port: 0 }, workers: 3 });
  const addresses = [];
  for (const worker of [1, 2, 3]) addresses.push((await cluster.next('started', worker))[0]);
  const { port } = addresses[0];
  expect(port).toBeGreaterThan(0);
  expect(addresses).toEqual(Array(3).fill({ address: '127.0.0.1', family: 'IPv4', port }));
  const clients = await connect(tcpPlace('127.0.0.1', port), 6);
  expect(countBy(clients)).toEqual({ 1: 2, 2: 2, 3: 2 });
});

onUnix.describe('the socket file of workers', () => {
  test.each([
    ['SCHED_RR', { readableAll: true, writableAll: true }, 0o666],
    ['SCHED_NONE', { readableAll: true, writableAll: true }, 0o666],
    ['SCHED_RR', { readableAll: true }, 0o444], // and its owner writes, too
  ])('has the mode that is asked for, %s, %j (K23)', async (policy, config, added) => {
    const place = unixPlace(world.file());
    await start(place, 2, { policy, config });
    const byDefault = 0o666 & ~process.umask();
    expect(fs.statSync(place.options.path).mode & 0o666).toBe(byDefault | added);
  });

  test('may have no longer a path than anywhere else (F10)', async () => {
    const path = world.file('x'.repeat(120));
    const cluster = new Cluster({ place: { path }, workers: 1 });
    expect(await cluster.next('error', 1)).toEqual(['ENAMETOOLONG', 'listen']);
    expect(fs.readdirSync(world.tmp())).toEqual([]);
  });

  test('is taken over by a worker whose unlink is true, and refused with stale (F9, K23)', async () => {
    const place = unixPlace(world.file());
    const alone = new Cluster({ place: place.options, workers: 1, config: { unlink: true } });
    await alone.next('started', 1);
    alone.command('fork');
    await alone.next('started', 2);
    expect(countBy(await connect(place, 4))).toEqual({ 2: 4 });
    const stale = new Cluster({ place: place.options, workers: 1, config: { unlink: 'stale' } });
    expect(await stale.next('error', 1)).toEqual(['EADDRINUSE', 'listen']);
  });
});

onUnix.test('unref() lets a worker end that listens (K23)', async () => {
  const cluster = await start(unixPlace(world.file()), 1);
  cluster.tell(1, 'unref'); // its channel, too
  expect(await cluster.next('exit', 1)).toEqual([0]);
});

onWindows.test(
  'each worker listens by itself, so the second finds the port taken (K23)',
  async () => {
    const place = await places.tcp();
    const cluster = await start(place, 1);
    cluster.command('fork');
    expect(await cluster.next('error', 2)).toEqual(['EADDRINUSE', 'listen']);
    expect(countBy(await connect(place, 4))).toEqual({ 1: 4 });
  },
);

onUnix.describe('UDP', () => {
  const dgram = require('node:dgram');

  test('workers share a port, as those of node:dgram do', async () => {
    const port = await freePort();
    const cluster = new Cluster({ place: { host: '127.0.0.1', port, udp: 'udp4' }, workers: 2 });
    const bound = { address: '127.0.0.1', family: 'IPv4', port };
    expect(await cluster.next('started', 1)).toEqual([bound]);
    expect(await cluster.next('started', 2)).toEqual([bound]);

    // Which of them gets a datagram is the system's choice: none is lost, and when one has left, the other has all.
    const client = dgram.createSocket('udp4');
    world.after(() => client.close());
    const ask = async (n) => {
      const answer = once(client, 'message');
      client.send(`{"type":"who","data":${n}}\f`, port, '127.0.0.1');
      const [bytes] = await answer;
      return JSON.parse(bytes.toString().slice(0, -1)).data;
    };
    for (let n = 0; n < 20; n++) expect((await ask(n)).data).toBe(n);
    cluster.tell(1, 'stop');
    await cluster.next('closed', 1);
    for (let n = 0; n < 20; n++) expect(await ask(n)).toEqual({ worker: 2, data: n });
    cluster.tell(2, 'disconnect');
    await cluster.next('exit', 2);
    const again = dgram.createSocket('udp4');
    await new Promise((resolve) => again.bind(port, '127.0.0.1', resolve)); // the port is free
    again.close();
  });

  test('a port that somebody else has: EADDRINUSE, as in dgram', async () => {
    const taken = dgram.createSocket('udp4');
    await new Promise((resolve) => taken.bind(0, '127.0.0.1', resolve));
    world.after(() => taken.close());
    const { port } = taken.address();
    const cluster = new Cluster({ place: { host: '127.0.0.1', port, udp: 'udp4' }, workers: 1 });
    expect(await cluster.next('error', 1)).toEqual(['EADDRINUSE', 'bind']);
  });
});

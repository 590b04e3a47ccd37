'use strict';
// A server and a client that talk for a moment, while system calls of theirs may fail: what was received, and what was
// told. Used by talker.js, in a process of its own.

const { once } = require('node:events');
const { IPC } = require('../..');
const { tcpPlace, tlsPlace, unixPlace } = require('../../__test__/helpers/places');
const { Talk } = require('./heard');
const systems = require('./talk-systems');

const MESSAGES = 7;
const LARGE = 3; // this one has a megabyte
const MEGABYTE = 'm'.repeat(1 << 20);
const BYTES = Buffer.from(MEGABYTE);

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function make(config) {
  const ipc = new IPC();
  Object.assign(ipc.config, { id: 'faults', silent: true, retry: 10, linger: 500 }, config);
  return ipc;
}

/** The next number of each connection, and what is wrong with what comes. */
class Numbers {
  #next = new Map();

  constructor(talk, side) {
    Object.assign(this, { talk, side });
  }

  take({ connection, number, text }) {
    let next = this.#next.get(connection) ?? 0;
    // Memory that was there and could not be taken: that message is lost, and that is told.
    if (next === LARGE && this.talk.errors.includes('ERR_FERRIPC_INVALID_MESSAGE')) next = number;
    if (number !== next)
      this.talk.fault(`${this.side}: ${number} of connection ${connection}, not ${next}`);
    const isRight = typeof text === 'string' ? text === MEGABYTE : BYTES.equals(text);
    if (number === LARGE && !isRight)
      this.talk.fault(`${this.side}: not the megabyte that was sent`);
    this.#next.set(connection, number + 1);
  }
}

/** Over connections, `values` with memory beside messages; resolves when everything of one of them was answered, or the server could not start. */
async function talkByConnections(transport, file, hooks) {
  const talk = new Talk();
  const isValues = transport === 'values';
  const isUnix = isValues || transport === 'unix';
  const config = isValues ? { serialization: 'advanced' } : {};
  const [here, there] = [make(config), make(config)];
  const place = isUnix ? unixPlace(file) : placeOf(transport, '0');
  place.serve(here);
  const { server } = here;
  server.on('error', talk.hear);
  server.on('connect', (socket) => socket.on('error', () => {})); // told of by the server, too
  const atServer = new Numbers(talk, 'server');
  server.on('say', (message, socket) => {
    atServer.take(message);
    talk.attempt(() => server.emit(socket, 'answer', message));
  });
  const started = await server.start().then(
    () => true,
    (error) => talk.hear(error),
  );
  if (started) {
    const where = isUnix ? place : placeOf(transport, server.server.address().port);
    await converse(talk, there, where, { large: isValues ? BYTES : MEGABYTE, ...hooks });
    if (talk.done && hooks.parting) await part(talk, here, there, hooks.parting);
  }
  talk.started = Boolean(started);
  talk.attempt(() => there.disconnect('server'));
  await Promise.resolve(talk.attempt(() => server.stop({ disconnect: true }))).catch(talk.hear);
  return talk;
}

const placeOf = (transport, port) => (transport === 'tls' ? tlsPlace : tcpPlace)('127.0.0.1', port);

/** What is emitted last arrives, though the client disconnects at once, and then `begin` makes calls fail. */
async function part(talk, here, there, begin) {
  const text = MEGABYTE.repeat(8);
  const arrived = new Promise((resolve) => here.server.on('last', resolve));
  const closed = once(there.of.server.socket, 'close').then(() => pause(5000));
  there.of.server.emit('last', text);
  begin();
  there.disconnect('server');
  if ((await Promise.race([arrived, closed])) !== text)
    talk.fault('what was emitted before the end is lost');
}

function converse(talk, ipc, where, { large, up }) {
  return new Promise((resolve) => {
    talk.attempt(() => where.connectTo(ipc, 'server'));
    const client = ipc.of.server;
    if (!client) {
      resolve();
      return;
    }
    let connection = 0;
    const atClient = new Numbers(talk, 'client');
    client.on('error', talk.hear);
    client.on('connect', () => {
      connection = ++talk.connections;
      if (connection === 1) up?.();
      for (let number = 0; number < MESSAGES; number++)
        talk.attempt(() =>
          client.emit('say', { connection, number, text: number === LARGE ? large : '' }),
        );
    });
    client.on('answer', (message) => {
      atClient.take(message);
      if (message.connection !== connection || message.number !== MESSAGES - 1) return;
      talk.done = true;
      resolve();
    });
    client.on('destroy', resolve);
  });
}

/** By datagrams, which may be lost: each is sent until it is answered. */
async function talkByDatagrams({ up }) {
  const talk = new Talk();
  const [here, there] = [make(), make()];
  for (const ipc of [here, there]) {
    ipc.serveNet('127.0.0.1', '0', 'udp4');
    ipc.server.on('error', talk.hear);
  }
  const start = (ipc) =>
    ipc.server.start().then(
      () => true,
      (error) => talk.hear(error),
    );
  talk.started = Boolean((await start(here)) && (await start(there)));
  if (talk.started) {
    up?.();
    await untilAnswered(talk, here, there);
  }
  for (const ipc of [here, there])
    await Promise.resolve(talk.attempt(() => ipc.server.stop())).catch(talk.hear);
  return talk;
}

function untilAnswered(talk, here, there) {
  const [sent, answered] = [new Set(), new Set()];
  here.server.on('say', (number, peer) => {
    if (!sent.delete(number)) talk.fault(`server: datagram ${number} twice`);
    talk.attempt(() => here.server.emit(peer, 'answer', number));
  });
  let next = 0;
  const send = () => {
    for (let i = 0; i < 8; i++) {
      sent.add(next);
      talk.attempt(() => there.server.emit(here.server.server.address(), 'say', next++));
    }
  };
  return new Promise((resolve) => {
    const timer = setInterval(send, 50);
    send();
    there.server.on('answer', (number) => {
      if (answered.has(number)) talk.fault(`client: datagram ${number} twice`);
      answered.add(number);
      if (answered.size < 8) return;
      clearInterval(timer);
      talk.done = true;
      resolve();
    });
  });
}

/**
 * What one talk has come to; `transport` is that, or another system. `file` is where a Unix socket may be. `hooks`, of
 * which there may be none, are called: `up` when both sides are up, and `parting` when the client disconnects with something left to send.
 */
function talk(transport, file, hooks = {}) {
  if (Object.hasOwn(systems, transport)) return systems[transport](file, hooks);
  return transport === 'udp' ? talkByDatagrams(hooks) : talkByConnections(transport, file, hooks);
}

module.exports = { talk };

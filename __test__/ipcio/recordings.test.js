'use strict';
// What the real programs wrote (docs/vectors/ipcio), played to ferripc's server and client.

const net = require('node:net');
const path = require('node:path');
const { once } = require('node:events');
const { createWorld } = require('../helpers/world');
const { createParties } = require('./parties');
const { dial, recorded } = require('./peers');

const world = createWorld();
const { serve, makeClient } = createParties(world);
const place = () => path.join(world.tmp(), 'IPC.io.default');

// The recordings know Unix sockets.
const suite = process.platform === 'win32' ? describe.skip : describe;

/** Each version's server and client, with who wrote what; then clients among each other. */
const PAIRS = ['0.4.0', '0.5.0', '0.6.2-a'];
const AMONG = ['0.5.0-b', '0.6.2-b'];

/** Handlers that note `[command, data]`, and a promise of all that is expected. */
function noting(expected) {
  const got = [];
  let done;
  const all = new Promise((resolve) => (done = () => resolve(got)));
  const note = (command) => (container) => {
    got.push([command, container.data]);
    if (got.length === expected.length) done();
  };
  const handlers = Object.fromEntries(expected.map(([command]) => [command, note(command)]));
  return { handlers, all };
}

const pairOf = ({ command, data }) => [command, data];

/** A server that answers the first client's handshake with `answer`: its sockets, when they have come. */
async function answering(answer) {
  const { data: uuid } = JSON.parse(answer);
  const [server, pair] = [net.createServer(), net.createServer()];
  server.listen(place());
  pair.listen(`${place()}.${uuid}`);
  await Promise.all([once(server, 'listening'), once(pair, 'listening')]);
  world.after(() => [server, pair].forEach((it) => it.close()));
  const own = once(pair, 'connection');
  const came = async () => {
    const [domain] = await once(server, 'connection');
    const handshake = String((await once(domain, 'data'))[0]);
    domain.write(answer);
    const [socket] = await own;
    world.after(() => [domain, socket].forEach((it) => it.destroy()));
    return { handshake, domain, own: socket };
  };
  return { came: came(), server };
}

async function read(socket, length) {
  let received = '';
  while (received.length < length) received += (await once(socket, 'data'))[0];
  return received;
}

suite.each(PAIRS)('%s', (name) => {
  const messages = recorded(name);
  const of = (side) => messages.filter(({ who }) => who === side).map(({ text }) => text);

  test('what its client writes reaches our handlers', async () => {
    const [handshake, ...commands] = of('CLI');
    const expected = commands.map((text) => pairOf(JSON.parse(text)));
    const { handlers, all } = noting(expected);
    await serve(handlers);
    const domain = await dial(place());
    domain.socket.write(handshake);
    const { data: uuid } = await domain.next();
    const own = await dial(`${place()}.${uuid}`);
    world.after(() => [domain, own].forEach(({ socket }) => socket.destroy()));
    own.socket.write(commands.join(''));
    expect(await all).toEqual(expected);
  });

  test('what its server writes reaches our handlers', async () => {
    const [answer, ...commands] = of('SRV');
    const expected = commands
      .map((text) => pairOf(JSON.parse(text)))
      .filter(([command]) => command !== 'deliver');
    const { handlers, all } = noting(expected);
    const { came } = await answering(answer);
    const client = makeClient('example_client', handlers);
    client.connect();
    const { own } = await came;
    own.write(commands.join(''));
    expect(await all).toEqual(expected);
  });
});

suite('0.6.2-a', () => {
  test('our client writes what its client wrote', async () => {
    const [handshake, answer, ...rest] = recorded('0.6.2-a');
    const { came } = await answering(answer.text);
    const client = makeClient('example_client');
    client.connect();
    const { handshake: written, own } = await came;
    expect(written).toBe(handshake.text);
    const wanted = rest.filter(
      ({ who, text }) => who === 'CLI' && text.includes('"delivery":null'),
    );
    for (const { text } of wanted) client.send(...pairOf(JSON.parse(text)));
    const expected = wanted.map(({ text }) => text).join('');
    expect(await read(own, expected.length)).toBe(expected);
  });
});

suite.each(AMONG)('%s', (name) => {
  const messages = recorded(name).map(({ text }) => text);
  const [first, answer, second, , discover, discovered, broadcast, told] = messages;
  const taken = messages.at(-1);
  const emit = messages.find((text) => text.includes('toB'));
  /** Those of the client `a` to its server. */
  const questions = messages
    .filter((text) => text.includes('"command":"q"'))
    .filter((text) => !text.includes('"delivery":"'));

  /** The text of one message, as every version has it. */
  const parsed = (text) => ({ delivery: null, ...JSON.parse(text) });

  test('clients of it with our server', async () => {
    const expected = questions.map((text) => pairOf(JSON.parse(text)));
    expect(expected.length).toBeGreaterThanOrEqual(7);
    const { handlers, all } = noting(expected);
    await serve({ ...handlers, nores() {} });
    const enter = async (handshake) => {
      const domain = await dial(place());
      domain.socket.write(handshake);
      const { data: uuid } = await domain.next();
      const own = await dial(`${place()}.${uuid}`);
      world.after(() => [domain, own].forEach(({ socket }) => socket.destroy()));
      return { domain, own };
    };
    const [a, b] = [await enter(first), await enter(second)];
    a.domain.socket.write(discover);
    expect(await a.domain.next()).toEqual(parsed(discovered));
    a.domain.socket.write(broadcast);
    expect(await b.own.next()).toEqual(parsed(told));
    a.domain.socket.write(emit);
    expect(await b.own.next()).toMatchObject({ id: null, command: 'm', data: 'toB' });
    a.own.socket.write(questions.join(''));
    expect(await all).toEqual(expected);
    const again = await dial(place());
    world.after(() => again.socket.destroy());
    again.socket.write(first);
    expect(await again.next()).toEqual(parsed(taken));
  });

  test('our client with a server of it', async () => {
    const told = messages.filter((text) => text.startsWith('{"id":null,"command":"m"'));
    const commands = told.filter((text) => !text.includes('"delivery":"'));
    const expected = commands.map((text) => pairOf(JSON.parse(text)));
    const { handlers, all } = noting(expected);
    const { came, server } = await answering(answer);
    const client = makeClient('a', handlers);
    client.connect();
    const { domain, own } = await came;
    const asked = client.discover();
    const wanted = JSON.stringify(parsed(discover)).length;
    expect(parsed(await read(domain, wanted))).toEqual(parsed(discover));
    domain.write(discovered);
    expect(await asked).toEqual(JSON.parse(discovered).data);
    own.write(commands.join(''));
    expect(await all).toEqual(expected);
    const connecting = makeClient('a').connect();
    const [visitor] = await once(server, 'connection');
    world.after(() => visitor.destroy());
    visitor.write(taken);
    await expect(connecting).rejects.toMatchObject({ code: 'ERR_IPCIO_NAME_TAKEN', number: 201 });
  });
});

'use strict';
// A Rust program on `ferripc::node_ipc` meets Node: the old packages and ferripc, as client and as server, on each transport.
// Each end sends values, five thousand numbers, a megabyte and nothing, and says what has come of it; with ferripc in Node both
// ask, too. See peer.mjs and crates/node_ipc_tests.

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const tls = require('node:tls');
const { pathToFileURL } = require('node:url');
const { makeCertificate, writeFamily } = require('../helpers/certificates');
const { pairs } = require('../helpers/combinations');
const { once } = require('../helpers/events');
const { program } = require('../helpers/programs');
const { createWorld } = require('../helpers/world');

jest.setTimeout(180_000); // what is built first, if it is run alone

const world = createWorld();
const script = path.join(__dirname, 'peer.mjs');
const ferripc = pathToFileURL(path.join(__dirname, '..', '..', 'index.mjs')).href;

const PEERS = [
  ['@achrinza/node-ipc 9', 'node-ipc-9'],
  ['@achrinza/node-ipc 10', 'node-ipc-10'],
  ['node-ipc 14', 'node-ipc-14'],
  ['ferripc', ferripc],
];

const played = (requests) => ({
  same: true,
  counted: { count: 5000, inOrder: true },
  measured: 1 << 20,
  nothing: '{}',
  requests: requests
    ? {
        double: 42,
        fails: { name: 'TypeError', message: 'no', code: 'E_NO' },
        nobody: 'ERR_FERRIPC_NO_HANDLER',
        late: { code: 'ETIMEDOUT' },
        cancelled: true,
      }
    : null,
});

/** The two ends of a meeting, in which Rust has this role. */
async function meet({ module, kind, requests, role, mode, serialization }) {
  const { options } = await world.place(kind);
  const place = options.path ?? `${options.host}:${options.port}`;
  const words = [mode ?? (requests ? 'requests' : 'plain')];
  let directory;
  if (kind === 'tls') {
    directory = world.file('tls');
    fs.mkdirSync(directory);
    writeFamily(directory);
    words.push(directory);
  }
  return {
    rust: () => world.child('', [], { runtime: [program('node_ipc_peer'), role, place, ...words] }),
    node: () =>
      world.child(script, {
        role: role === 'client' ? 'server' : 'client',
        module,
        path: options.path,
        port: options.port,
        tls: directory,
        requests,
        serialization,
      }),
  };
}

async function end(child) {
  child.process.stdin.end();
  const { code, lines, stderr } = await child.exited;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return lines;
}

/** What happens in a meeting, by what the peer of Rust is. */
const ACTS = {
  async 'as a server, which is killed and comes again'(game) {
    const { rust, node } = await meet({ ...game, role: 'client' });
    const { requests } = game;
    const client = rust(); // waits
    let server = node();
    expect(await server.next()).toBe('listening');
    expect(await client.next()).toEqual(played(requests));
    expect(await server.next()).toEqual(played(requests));
    await server.kill();
    expect(await client.next()).toBe('disconnected');
    server = node();
    expect(await server.next()).toBe('listening');
    expect(await client.next()).toEqual(played(requests));
    expect(await server.next()).toEqual(played(requests));
    expect(await end(client)).toEqual(['disconnected', 'ended']);
    expect(await server.next()).toBe('disconnected');
    await end(server);
  },

  async 'as a client of a server that is killed and comes again'(game) {
    const { rust, node } = await meet({ ...game, role: 'server' });
    const { requests } = game;
    let server = rust();
    expect(await server.next()).toBe('listening');
    const client = node();
    expect(await client.next()).toEqual(played(requests));
    expect(await server.next()).toEqual(played(requests));
    await server.kill();
    expect(await client.next()).toBe('disconnected');
    server = rust();
    expect(await server.next()).toBe('listening');
    expect(await client.next()).toEqual(played(requests));
    expect(await server.next()).toEqual(played(requests));
    await end(client);
    expect(await server.next()).toBe('disconnected');
    expect(await end(server)).toEqual(['ended']);
  },
};

test.each(
  pairs({ peer: PEERS, kind: ['unix', 'tcp', 'tls'], act: Object.keys(ACTS) }).map((row) => ({
    ...row,
    name: row.peer[0],
  })),
)('$name, $kind, $act', async ({ peer: [, module], kind, act }) => {
  await ACTS[act]({ module, kind, requests: module === ferripc });
});

describe("ferripc with serialization 'advanced': both are told, and the connection is closed", () => {
  const CODE = 'ERR_FERRIPC_SERIALIZATION';

  /** What comes of it, of a Rust program that says nothing by itself, and of one that does. */
  test.each(
    pairs({
      kind: ['unix', 'tcp', 'tls'],
      role: ['client', 'server'],
      mode: ['silent', 'plain'],
    }),
  )('over $kind, as $role, $mode', async ({ kind, role, mode }) => {
    const game = { module: ferripc, kind, role, mode, serialization: 'advanced' };
    const { rust, node } = await meet(game);
    const start = { rust, node };
    const [first, second] = role === 'server' ? ['rust', 'node'] : ['node', 'rust'];
    const server = start[first]();
    expect(await server.next()).toBe('listening');
    const children = { [first]: server, [second]: start[second]() };
    const next = async (child) => {
      let line;
      do line = await child.next();
      while (line.stopped); // what it had begun
      return line;
    };
    expect(await next(children.rust)).toEqual({ ended: CODE });
    expect(await next(children.node)).toEqual({ error: CODE });
  });
});

test('a Rust server goes on when peers are killed in the middle of a message', async () => {
  const { path: at } = (await world.place('unix')).options;
  const server = world.child('', [], {
    runtime: [program('node_ipc_peer'), 'server', at, 'plain'],
  });
  expect(await server.next()).toBe('listening');
  const source = `
    const socket = require('node:net').connect(${JSON.stringify(at)});
    const half = '{"type":"echo","data":"' + 'x'.repeat(100_000);
    socket.write(half, () => process.kill(process.pid, 'SIGKILL'));
  `;
  for (let i = 0; i < 3; i++) {
    const killed = spawn(process.execPath, ['-e', source]);
    await once(killed, 'exit');
    while ((await server.next()) !== 'disconnected');
  }
  const client = world.child(script, { role: 'client', module: ferripc, path: at });
  expect(await client.next()).toEqual(played(false));
  let heard;
  do heard = await server.next();
  while (heard.same === undefined);
  expect(heard).toEqual(played(false));
});

describe('TLS', () => {
  async function family() {
    const { options } = await world.place('tcp');
    const directory = world.file('tls');
    fs.mkdirSync(directory);
    writeFamily(directory);
    const rust = (role) =>
      world.child('', [], {
        runtime: [
          program('node_ipc_peer'),
          role,
          `${options.host}:${options.port}`,
          'plain',
          directory,
        ],
      });
    const read = (name) => fs.readFileSync(path.join(directory, name));
    return { options, rust, directory, read };
  }

  test.each([
    ['of somebody else', { name: 'elsewhere' }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['that is over', { name: '127.0.0.1', to: -0.5 }, 'CERT_HAS_EXPIRED'],
    ['of an unknown authority', null, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ])('a server with a certificate %s is not believed', async (_, about, code) => {
    const { options, rust, directory } = await family();
    const ca = makeCertificate({ name: 'CA', ca: true });
    if (about !== null) fs.writeFileSync(path.join(directory, 'ca.crt'), ca.cert);
    const { cert, key } = makeCertificate({ name: '127.0.0.1', issuer: ca, ...about });
    let seen = '';
    const server = tls.createServer({ cert, key }, (socket) => {
      socket.on('error', () => {}).on('data', (text) => (seen += text));
    });
    server.on('tlsClientError', () => {}).listen(options);
    world.after(() => server.close());
    await once(server, 'listening');
    const client = rust('client');
    expect(await client.next()).toEqual({ failed: code });
    expect(seen).toBe('');
  });

  test('a client without a certificate is refused, and the next one is accepted', async () => {
    const { options, rust, read } = await family();
    const server = rust('server');
    expect(await server.next()).toBe('listening');
    const peer = tls.connect({ ...options, ca: read('ca.crt') });
    peer.on('error', () => {});
    peer.write('{"type":"echo","data":1}\f');
    expect(await server.next()).toEqual({ error: 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE' });
    const own = { cert: read('client.crt'), key: read('client.key') };
    const good = tls.connect({ ...options, ca: read('ca.crt'), ...own });
    const came = once(good, 'data');
    good.write('{"type":"echo","data":1}\f');
    expect(String((await came)[0])).toContain('"type"');
    good.destroy();
  });
});

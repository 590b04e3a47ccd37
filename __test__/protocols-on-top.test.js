'use strict';
// Protocols of Node's own over a ferripc socket: http, http2 and TLS read bytes, whatever `config.encoding` says, as
// they do over a net.Socket, whose handle they read. Run by jest, over every transport, on either side.

const http = require('node:http');
const http2 = require('node:http2');
const net = require('node:net');
const tls = require('node:tls');
const { once } = require('./helpers/events');
const { ownTls } = require('./helpers/places');
const { transport, TRANSPORTS } = require('./helpers/transports');
const { createWorld } = require('./helpers/world');

const world = createWorld();
const BODY = 'aé😀'.repeat(20_000);
const raw = (config) => ({ ...config, rawBuffer: true });

/** A connection: `ours`, in raw mode, and the `peer`'s, of Node's own. */
const SIDES = {
  async server({ place: somewhere, server, dial, up }) {
    const place = await somewhere();
    const ours = await world.serve(place, raw(server));
    const accepted = once(ours, 'connect');
    const peer = dial(place);
    await once(peer, up);
    return { ours: (await accepted)[0], peer };
  },
  async client({ place: somewhere, client, listen }) {
    const place = await somewhere();
    let accepted;
    const peer = new Promise((resolve) => (accepted = resolve));
    await listen(place, accepted);
    const ours = await world.connect(place, raw(client));
    return { ours: ours.socket, peer: await peer };
  },
};

/** What `stream` brings until it ends. */
async function textOf(stream) {
  stream.setEncoding('utf8');
  let text = '';
  for await (const part of stream) text += part;
  return text;
}

/** A server of Node's that gives back what it gets. */
function answering(server) {
  server.on('request', (request, response) => request.pipe(response));
  return server;
}

/** What an http server at the other end of `connection` answers. */
async function ask(connection) {
  const request = http.request({ createConnection: () => connection, method: 'POST' });
  request.end(BODY);
  const [response] = await once(request, 'response');
  return [response.statusCode, await textOf(response)];
}

async function askHttp2(connection) {
  const session = http2.connect('http://localhost', { createConnection: () => connection });
  world.after(() => session.destroy());
  const stream = session.request({ ':method': 'POST', ':path': '/' });
  stream.end(BODY);
  const [headers] = await once(stream, 'response');
  return [headers[':status'], await textOf(stream)];
}

describe.each(TRANSPORTS)('%s', (name) => {
  const its = transport(name, world);

  describe.each(Object.keys(SIDES))('on a %s’s socket', (side) => {
    const meet = () => SIDES[side](its);

    test('an http server', async () => {
      const { ours, peer } = await meet();
      answering(http.createServer()).emit('connection', ours);
      expect(await ask(peer)).toEqual([200, BODY]);
    });

    test('an http client', async () => {
      const { ours, peer } = await meet();
      answering(http.createServer()).emit('connection', peer);
      expect(await ask(ours)).toEqual([200, BODY]);
    });

    test('an http server on a socket that was read from before', async () => {
      const { ours, peer } = await meet();
      const texts = [];
      ours.on('data', (text) => texts.push(text));
      peer.write('é');
      await once(ours, 'data');
      expect(texts).toEqual(['é']);
      answering(http.createServer()).emit('connection', ours);
      expect(await ask(peer)).toEqual([200, BODY]);
    });

    // HTTP/2 over TLS needs ALPN, which ferripc does not offer.
    (name === 'tls' ? test.skip : test)('http2', async () => {
      const { ours, peer } = await meet();
      answering(http2.createServer()).emit('connection', ours);
      expect(await askHttp2(peer)).toEqual([200, BODY]);
    });

    test('http over a TLS server', async () => {
      const { ours, peer } = await meet();
      const { key, cert, ca } = ownTls();
      const secure = new tls.TLSSocket(ours, { isServer: true, key, cert });
      answering(http.createServer()).emit('connection', secure);
      const above = tls.connect({ socket: peer, ca, servername: 'localhost' });
      world.after(() => above.destroy());
      expect(await ask(above)).toEqual([200, BODY]);
    });

    test('a TLS client', async () => {
      const { ours, peer } = await meet();
      const { key, cert, ca } = ownTls();
      const below = new tls.TLSSocket(peer, { isServer: true, key, cert });
      below.end(BODY);
      const secure = tls.connect({ socket: ours, ca, servername: 'localhost' });
      world.after(() => secure.destroy());
      expect(await textOf(secure)).toBe(BODY);
    });

    test('nothing at all may be written', async () => {
      const { ours, peer } = await meet();
      const read = once(peer, 'data');
      const written = new Promise((resolve) => ours.write('', resolve));
      ours.write(Buffer.alloc(0));
      ours.cork();
      ours.write('');
      ours.write('a');
      ours.uncork();
      expect(await written).toBeFalsy();
      expect(String(await read)).toBe('a');
    });

    test('other readers get text, as from a net.Socket with an encoding', async () => {
      const { ours, peer } = await meet();
      const of = (socket, from) => {
        const read = once(socket, 'data');
        from.write('é');
        return read;
      };
      const text = of(ours, peer);
      const echo = net.createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
      world.after(() => echo.close());
      await once(echo, 'listening');
      const plain = net.connect(echo.address());
      world.after(() => plain.destroy());
      plain.setEncoding('utf8');
      expect(await text).toEqual(await of(plain, plain));
    });
  });
});

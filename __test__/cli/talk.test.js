'use strict';
// `ferripc serve`, `send`, `request` and `bench`, with each other and with servers of programs, over all transports.

const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { commandOf, leaveDeadSocket } = require('../helpers/command');
const { once } = require('../helpers/events');
const { ownTls } = require('../helpers/places');
const { onLinux, onNative, onUnix } = require('../helpers/platform');
const { createWorld, freePort } = require('../helpers/world');

jest.setTimeout(120_000); // processes, on a busy machine

const world = createWorld();
const { run, start } = commandOf(world);

const root = () => ['--root', `${world.tmp()}/`];

/** `ferripc serve` that listens. */
async function serve(target, args, options) {
  const server = start(['serve', target, ...args], options);
  await server.says('listening at ');
  return server;
}

/** A socket without a listener. */
function deadSocket() {
  const file = world.file();
  leaveDeadSocket(file);
  expect(fs.lstatSync(file).isSocket()).toBe(true);
  return file;
}

onUnix.describe.each(['loop', 'tokio'])('with the driver %s', (driver) => {
  const env = { FERRIPC_DRIVER: driver === 'tokio' ? 'tokio' : '' };

  test('a message, a request, an answer, round trips; a signal ends it', async () => {
    const server = await serve('talk', ['--echo', '--json', ...root()], { env });
    const socket = path.join(world.tmp(), 'app.talk');
    const sent = await run(['send', 'talk', 'greeting', '{"name":"Ålice"}', ...root()], { env });
    expect(sent).toEqual({ code: 0, stdout: '', stderr: '' });
    const asked = await run(['request', socket, 'sum', '-'], { env, input: '[1, 2]' });
    expect(asked).toEqual({ code: 0, stdout: '[1,2]\n', stderr: '' });
    const answered = await run(['send', socket, 'void', '--wait', 'void'], { env });
    expect(answered).toEqual({ code: 0, stdout: '{}\n', stderr: '' });
    expect(await server.values(3)).toEqual([
      { connection: 1, type: 'greeting', data: { name: 'Ålice' } },
      { connection: 2, request: true, type: 'sum', data: [1, 2] },
      { connection: 3, type: 'void', data: {} },
    ]);
    const measured = await run(
      ['bench', socket, '--size', '1,5000', '-s', '0.2', '-c', '2', '--json'],
      { env },
    );
    expect([measured.code, measured.stderr]).toEqual([0, '']);
    const results = measured.stdout.trim().split('\n').map(JSON.parse);
    expect(results.map(({ size, connections }) => [size, connections])).toEqual([
      [1, 2],
      [5000, 2],
    ]);
    for (const { perSecond, p50, p99, roundTrips } of results) {
      expect(roundTrips).toBeGreaterThan(0);
      expect(perSecond.lowest).toBeLessThanOrEqual(perSecond.median);
      expect(p50.median).toBeGreaterThan(0);
      expect(p50.median).toBeLessThanOrEqual(p99.highest);
    }
    const second = await run(['serve', socket]);
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(/^ferripc: .*app\.talk is taken: .*EADDRINUSE/);
    expect(await server.kill('SIGINT')).toMatchObject({ code: 0 });
    expect(fs.existsSync(socket)).toBe(false);
  });
});

// As with npx and `timeout`, which pass a signal on that the command has got already.
onUnix.test('a second signal changes nothing: it ends once and leaves nothing', async () => {
  const server = await serve('twice', ['--echo', '--quiet', '--tap', ...root()]);
  const socket = path.join(world.tmp(), 'app.twice');
  // Who does not read holds the end up.
  const peer = net.connect(socket).pause();
  peer.write(`{"type":"x","data":"${'x'.repeat(4 << 20)}"}\f`);
  await new Promise((resolve) => peer.once('drain', resolve));
  server.process.kill('SIGINT');
  while (fs.existsSync(socket)) await new Promise((resolve) => setTimeout(resolve, 5));
  server.process.kill('SIGTERM');
  peer.resume();
  expect(await server.ended).toMatchObject({ code: 0 });
  expect(fs.existsSync(`${socket}.tap`)).toBe(false);
});

test('on a port, with a delimiter of its own; --count ends it', async () => {
  const at = `127.0.0.1:${await freePort()}`;
  const waiting = run(['send', at, 'early', '1', '--retry', '--delimiter', '\\n']);
  const server = await serve(at, ['--count', '2', '--delimiter', '\\n']);
  expect((await waiting).code).toBe(0);
  await run(['send', at, 'late', '-5', '--delimiter', '\\n']);
  expect(await server.ended).toEqual({
    code: 0,
    stdout: '#1 early 1\n#2 late -5\n',
    stderr: `listening at ${at}\n`,
  });
});

test('by TLS: only for who checks the certificate with its authority', async () => {
  const { key, cert, ca } = ownTls();
  for (const [name, text] of Object.entries({ key, cert, ca })) {
    fs.writeFileSync(world.file(`${name}.pem`), text);
  }
  const at = `127.0.0.1:${await freePort()}`;
  await serve(at, ['--echo', '--tls', '--cert', 'cert.pem', '--key', 'key.pem']);
  const [good, insecure, bad, plain] = await Promise.all([
    run(['request', at, 'x', '1', '--ca', 'ca.pem']),
    run(['request', at, 'x', '1', '--insecure']),
    run(['request', at, 'x', '1', '--tls']),
    run(['request', at, 'x', '1']),
  ]);
  expect(good).toEqual({ code: 0, stdout: '1\n', stderr: '' });
  expect(insecure).toEqual({ code: 0, stdout: '1\n', stderr: '' });
  expect(bad.code).toBe(1);
  expect(plain.code).not.toBe(0);
});

test('by TLS: with --ca, a server refuses those whose certificate the authority has not signed', async () => {
  const { key, cert, ca } = ownTls();
  for (const [name, text] of Object.entries({ key, cert, ca })) {
    fs.writeFileSync(world.file(`${name}.pem`), text);
  }
  const own = ['--ca', 'ca.pem', '--cert', 'cert.pem', '--key', 'key.pem'];
  const at = `127.0.0.1:${await freePort()}`;
  await serve(at, ['--echo', ...own]);
  const [known, unknown] = await Promise.all([
    run(['request', at, 'x', '1', ...own]),
    run(['request', at, 'x', '1', '--ca', 'ca.pem']),
  ]);
  expect(known).toEqual({ code: 0, stdout: '1\n', stderr: '' });
  expect(unknown).toMatchObject({ code: 1, stdout: '' });
});

test('raw bytes, and what others than UTF-8 make of them', async () => {
  const file = world.socketPath();
  const server = await serve(file, ['--raw', '--json', '--echo']);
  const bytes = Buffer.from([0, 255, 10, 27]);
  expect(await run(['send', '--raw', file, '-'], { input: bytes })).toMatchObject({ code: 0 });
  expect(await server.values(1)).toEqual([{ connection: 1, base64: bytes.toString('base64') }]);
});

test('10 MB go through whole', async () => {
  const file = world.socketPath();
  const server = await world.serve({ serve: (ipc) => ipc.serve(file) });
  const came = once(server, 'large');
  const text = 'x'.repeat(10_000_000);
  const sent = await run(['send', file, 'large', '-'], { input: JSON.stringify(text) });
  expect(sent).toEqual({ code: 0, stdout: '', stderr: '' });
  const [data] = await came;
  expect(data === text).toBe(true);
});

describe('exit codes', () => {
  test('3: no socket, a dead one, a file, nobody at a port', async () => {
    const file = world.file('regular');
    fs.writeFileSync(file, '');
    const port = await freePort();
    const targets = [`127.0.0.1:${port}`, world.file('nowhere'), file];
    if (process.platform !== 'win32') targets.push(deadSocket());
    const all = await Promise.all(targets.map((target) => run(['send', target, 'x'])));
    expect(all.map(({ code }) => code)).toEqual(targets.map(() => 3));
    const said = all.map(({ stderr }) => stderr.trim());
    expect(said[0]).toBe(`ferripc: nobody listens at 127.0.0.1:${port}`);
    expect(said[1]).toBe(`ferripc: there is no socket at ${targets[1]}`);
    expect(said[2]).toBe(`ferripc: ${file} is not a socket`);
    if (said[3])
      expect(said[3]).toBe(`ferripc: nobody listens at ${targets[3]}, the socket is dead`);
    expect(fs.readFileSync(file, 'utf8')).toBe('');
  });

  onNative.test("1: a server with serialization 'advanced', as the error says", async () => {
    const place = await world.place('unix');
    await world.serve(place, { serialization: 'advanced' });
    const file = place.options.path;
    const results = await Promise.all([
      run(['request', file, 'x', '-t', '600000']),
      run(['send', file, 'x']),
      run(['send', file, 'x', '--wait', 'y', '-t', '600000']),
      run(['bench', file, '-t', '600000']),
    ]);
    for (const result of results) {
      expect(result).toEqual({
        code: 1,
        stdout: '',
        stderr: `ferripc: ${file}: The peer has serialization 'advanced', and this side 'json': both sides need the same\n`,
      });
    }
  });

  test('1: bench ends with its server, however long it would have gone on', async () => {
    const place = await world.place('unix');
    const server = await world.serve(place);
    let left = 20;
    server.on('ferripc.bench', (data, socket) => {
      server.emit(socket, 'ferripc.bench', data);
      if (left-- === 0) server.stop({ disconnect: true });
    });
    const { code, stderr } = await run(['bench', place.options.path, '--seconds', '600']);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `ferripc: ${place.options.path} has ended the connection\n`,
    });
  });

  test('4: nobody answers; 5: an error does, and it drives no terminal; 1: the server leaves', async () => {
    const file = world.socketPath();
    const server = await world.serve({ serve: (ipc) => ipc.serve(file) });
    server.handle('slow', () => new Promise(() => {}));
    server.handle('bad', () => {
      throw Object.assign(new RangeError('no\x1b[31m'), { code: 'E_BAD' });
    });
    server.handle('nothing', () => undefined);
    server.on('leave', (data, socket) => socket.destroy());
    const [silent, slow, bad, none, nothing, left, bench] = await Promise.all([
      run(['send', file, 'x', '--wait', 'y', '-t', '2500']),
      run(['request', file, 'slow', '--timeout', '2500']),
      run(['request', file, 'bad']),
      run(['request', file, 'unknown']),
      run(['request', file, 'nothing']),
      run(['send', file, 'leave', '--wait', 'y']),
      run(['bench', file, '-t', '2500']),
    ]);
    expect(silent).toMatchObject({
      code: 4,
      stderr: 'ferripc: no message of the type "y" came within 2500 ms\n',
    });
    expect(slow).toMatchObject({
      code: 4,
      stderr: 'ferripc: no answer to "slow" within 2500 ms\n',
    });
    expect(bad).toMatchObject({ code: 5, stderr: 'ferripc: RangeError [E_BAD]: no\\u001b[31m\n' });
    expect(none).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('ERR_FERRIPC_NO_HANDLER'),
    });
    expect(nothing).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(left).toMatchObject({ code: 1, stderr: expect.stringContaining('without an answer') });
    expect(bench).toMatchObject({ code: 4, stderr: expect.stringContaining('does not echo') });
  });

  onUnix.test(
    '--timeout: it ends though the server still reads, and begins after standard input',
    async () => {
      const length = 32 << 20;
      let came = 0;
      const slow = net.createServer((socket) => {
        const rest = () => setTimeout(() => socket.resume(), 20);
        socket
          .on('error', () => {})
          .on('data', (bytes) => {
            came += bytes.length;
            socket.pause();
            rest();
          });
      });
      const file = world.socketPath();
      world.after(() => slow.close());
      await once(slow.listen(file), 'listening');
      const other = world.socketPath();
      const server = await world.serve({ serve: (ipc) => ipc.serve(other) });
      const message = once(server, 'typed');
      const input = JSON.stringify('x'.repeat(length));
      const late = ['sh', '-c', '{ sleep 3; echo 1; } | "$@"', 'sh'];
      const [given, asked, typed] = await Promise.all([
        run(['send', file, 'x', '-', '--wait', 'y', '-t', '2000'], { input }),
        run(['request', file, 'x', '-', '-t', '2000'], { input }),
        run(['send', other, 'typed', '-', '-t', '2500'], { wrap: late }),
      ]);
      expect([given.code, asked.code]).toEqual([4, 4]);
      expect(came).toBeLessThan(2 * length);
      expect([typed.code, (await message)[0]]).toEqual([0, 1]);
    },
  );

  test('send: 4 if the server does not take all of it, 1 if it ends before', async () => {
    const input = JSON.stringify('x'.repeat(4 << 20)); // more than the system holds
    const listen = async (onSocket) => {
      const target = world.socketPath();
      const sockets = [];
      const server = net.createServer((socket) => {
        sockets.push(socket.on('error', () => {}));
        onSocket(socket);
      });
      world.after(() => {
        for (const socket of sockets) socket.destroy();
        server.close();
      });
      await once(server.listen(target), 'listening');
      return target;
    };
    const deaf = await listen((socket) => socket.pause());
    const gone = await listen((socket) => socket.once('readable', () => socket.destroy()));
    const [late, left] = await Promise.all(
      [deaf, gone].map((target) => run(['send', target, 'x', '-', '-t', '2500'], { input })),
    );
    const stderr = `ferripc: ${deaf} has taken nothing for 2500 ms\n`;
    expect(late).toEqual({ code: 4, stdout: '', stderr });
    expect(left).toMatchObject({ code: 1, stdout: '' });
    expect(left.stderr).toMatch(/: (read|write) (EPIPE|ECONNRESET)\n$/);
  });

  test('1: something other than a socket at the path of a server stays', async () => {
    const file = world.file('regular');
    fs.writeFileSync(file, 'mine');
    const { code, stderr } = await run(['serve', file]);
    expect(code).toBe(1);
    expect(stderr).toContain('is taken');
    expect(fs.readFileSync(file, 'utf8')).toBe('mine');
  });
});

onUnix.test('serve takes the path of a dead server, and leaves none of its own', async () => {
  const file = deadSocket();
  const server = await serve(file, []);
  expect(await server.kill('SIGTERM')).toMatchObject({ code: 0 });
  expect(fs.existsSync(file)).toBe(false);
});

onUnix.test(
  'when nobody reads its output any more, it ends with 0 and removes its socket',
  async () => {
    const file = world.file();
    const server = await serve(file, ['--json']);
    await run(['send', file, 'one']);
    await server.line();
    server.process.stdout.destroy();
    const client = await world.connect({ connectTo: (ipc, id) => ipc.connectTo(id, file) });
    client.emit('two');
    expect(await server.ended).toMatchObject({ code: 0, stderr: `listening at ${file}\n` });
    expect(fs.existsSync(file)).toBe(false);
  },
);

onLinux.test('an abstract socket', async () => {
  const name = `@ferripc-cli-${process.pid}`;
  await serve(name, ['--echo']);
  expect(await run(['request', name, 'x', '7'])).toMatchObject({ code: 0, stdout: '7\n' });
  const { stdout } = await run(['list', '--all', '--json', ...root()]);
  const found = stdout.trim().split('\n').map(JSON.parse);
  expect(found).toContainEqual(
    expect.objectContaining({ path: name, abstract: true, state: 'alive' }),
  );
});

test('what a peer sends cannot control a terminal', async () => {
  const file = world.socketPath();
  const server = await serve(file, []);
  const client = await world.connect({ connectTo: (ipc, id) => ipc.connectTo(id, file) });
  client.emit('\x1b[2J\u202e', 'a\x1b]0;title\x07\x9b\u200bb');
  expect(await server.line()).toBe('#1 \\u001b[2J\\u202e "a\\u001b]0;title\\u0007\\u009b\\u200bb"');
});

test('messages with the types of a server’s own events, and malformed ones, are nothing special', async () => {
  const file = world.socketPath();
  const server = await serve(file, ['--json']);
  const peer = net.connect(file);
  world.after(() => peer.destroy());
  peer.write('{"type":"error","data":0}\f{}\fnull\f{"type":"ferripc:request"}\f{"type":"close"}\f');
  const types = (await server.values(3)).map(({ type }) => type);
  expect(types).toEqual(['error', 'ferripc:request', 'close']);
});

onUnix.describe('with node-ipc 9', () => {
  const old = path.join(__dirname, 'old.js');

  test('as the server: a message and its answer', async () => {
    const file = world.file();
    const child = world.child(old, ['serve', file]);
    expect(await child.next()).toBe('listening');
    const sent = await run(['send', file, 'greeting', '{"name":"Alice"}', '--wait', 'reply']);
    expect(sent).toEqual({ code: 0, stdout: '"Hello, Alice"\n', stderr: '' });
  });

  test('as the client: it gets what it has sent', async () => {
    const file = world.file();
    const server = await serve(file, ['--echo', '--json']);
    const child = world.child(old, ['connect', file]);
    expect(await child.next()).toEqual({ name: 'Alice' });
    expect(await server.values(1)).toEqual([
      { connection: 1, type: 'greeting', data: { name: 'Alice' } },
    ]);
  });
});

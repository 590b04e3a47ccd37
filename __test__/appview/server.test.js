'use strict';
// AppViewServer against clients that use plain queues: the recordings, the table of statuses, long requests and answers,
// commands of the program's own, a JavaScript thread that is blocked.

const { once } = require('node:events');
const { AppViewClient, AppViewServer, Command, Status } = require('../../appview');
const { open } = require('../../mqueue');
const { mayRun } = require('../helpers/alone');
const { onLinux } = require('../helpers/platform');
const { nobody, remove } = require('../helpers/queues');
const { burn } = require('../helpers/thread');
const { thrownBy } = require('../helpers/thrown');
const { createWorld } = require('../helpers/world');
const {
  Asker,
  left,
  literals,
  names,
  parse,
  patiently,
  recording,
  requestFrames,
} = require('./peers');

const world = createWorld();
const fixture = (...args) => world.child(require.resolve('./fixture'), args);

function serve(options) {
  const pid = nobody();
  const server = new AppViewServer({ pid, handlerTimeout: 60_000, ...options }).start();
  world.after(() => server.stop());
  const ask = async (text) => {
    const asker = new Asker(world, pid, options?.prefix);
    const { status, text: answer } = await asker.ask(text);
    asker.leave();
    return [status, answer];
  };
  return { server, pid, ask };
}

onLinux.describe('on the wire', () => {
  test('each recorded request gets the recorded response', async () => {
    const { server, pid } = serve();
    const fill = (length, start, end) =>
      start + 'p'.repeat(length - start.length - end.length) + end;
    server.publish({
      viewed: true,
      // As long as the recorded ones.
      cfg: JSON.parse(fill(20069 - 21, '{"current":{"x":"', '"}}')),
      details: { uuid: '', ...JSON.parse(fill(84, '{"pid":27,"id":"', 'ef0123456789abcdef"}')) },
    });
    let asker;
    let responses = 0;
    const lines = recording('server-responses.txt');
    for (const line of lines.filter((it) => !it.includes('"status":200,"pid"'))) {
      if (line.includes(' SENT [')) {
        asker?.leave();
        asker = new Asker(world, pid);
        await asker.send(...literals(line));
      } else {
        const received = await asker.receive();
        const length = Number(/len (\d+)/.exec(line)[1]);
        const [start, end = start] = literals(line).map(String);
        const text = String(received);
        expect([received.length, text.slice(0, start.length), text.slice(-end.length)]).toEqual([
          length,
          start,
          end,
        ]);
        responses++;
      }
    }
    expect(responses).toBe(27);
  });

  test('a request and a response of more frames than a queue holds', async () => {
    const { server, pid, ask } = serve();
    const cfg = { current: { text: 'é\0"'.repeat(20_000) } };
    server.publish({ cfg });
    const asker = new Asker(world, pid);
    const { frames, text } = await asker.ask('{"req":2}');
    asker.leave();
    expect(frames.length).toBeGreaterThan(10);
    expect(JSON.parse(text)).toEqual({ cfg, status: 200 });
    const remains = frames.map(({ meta }) => meta.remain);
    expect(remains.map((it, i) => it - (remains[i + 1] ?? 0))).toEqual(
      frames.map(({ data }) => data.length),
    );
    const changed = once(server, 'setConfig');
    expect(requestFrames(JSON.stringify({ req: 3, cfg }), 1).length).toBeGreaterThan(10);
    expect(await ask(JSON.stringify({ req: 3, cfg }))).toEqual([200, '{"status":200}']);
    expect(await changed).toEqual([cfg]);
  });

  test('a frame without META is refused without data', async () => {
    const { pid } = serve();
    const asker = new Asker(world, pid);
    await asker.send('nonsense');
    expect(parse(await asker.receive())).toEqual({
      meta: { status: 400, uniq: -1, remain: 0 },
      data: null,
    });
    // The rest of a request never comes: the server says so, and is there for the next one.
    await asker.send(requestFrames('x'.repeat(9000), 8)[0]);
    expect(parse(await asker.receive()).meta).toEqual({ status: 500, uniq: 8, remain: 0 });
    expect((await asker.ask('{"req":1}')).status).toBe(200);
  });

  test('hostile messages, of any size, end nothing', async () => {
    const { pid } = serve();
    const asker = new Asker(world, pid);
    for (const frame of [
      '',
      '\0',
      '\0\0\0',
      Buffer.alloc(8192),
      Buffer.alloc(8192, '{'),
      Buffer.alloc(8192, '['),
      '{"req":0,"uniq":1,"remain":1}\0{"req":3,"cfg":' + '{"a":'.repeat(1000),
      '{"req":0,"uniq":1e999,"remain":1}\0{}',
      '{"req":0,"uniq":null,"remain":1}\0{}',
      '{"req":0,"uniq":1,"remain":18446744073709551616}\0{}',
    ]) {
      await asker.send(frame);
      expect(parse(await asker.receive()).meta).toHaveProperty('status');
    }
    expect(await asker.ask('{"req":1}')).toMatchObject({ status: 200 });
  });

  test('a client that sends a request and reads nothing does not stop the server', async () => {
    const { server, pid, ask } = serve();
    server.publish({ cfg: { text: 'x'.repeat(200_000) } });
    const rude = new Asker(world, pid);
    await rude.send(...requestFrames('{"req":2}', 1));
    while (rude.output.attr().curmsgs < 10) await new Promise(setImmediate);
    rude.leave();
    expect(await ask('{"req":1}')).toEqual([200, '{"status":200,"viewed":false}']);
  });
});

onLinux.describe('what is answered', () => {
  test('what was published last, or what there is at first', async () => {
    const { server, pid, ask } = serve();
    expect(await ask('{"req":1}')).toEqual([200, '{"status":200,"viewed":false}']);
    expect(await ask('{"req":2}')).toEqual([200, '{"cfg":{"current":{}},"status":200}']);
    expect(await ask('{"req":4}')).toEqual([200, '{"status":200,"interfaces":[]}']);
    const details = (it) => `{"status":200,"pid":${pid},"uuid":"${it}","id":"","machine_id":""}`;
    expect(await ask('{"req":5}')).toEqual([200, details('')]);
    const interfaces = [{ name: 'log', config: 'tcp://x', connected: false, attempts: 3 }];
    server.publish({ viewed: true, interfaces }).publish({ details: { uuid: 'u' } });
    expect(await ask('{"req":1}')).toEqual([200, '{"status":200,"viewed":true}']);
    expect(await ask('{"req":4}')).toEqual([200, JSON.stringify({ status: 200, interfaces })]);
    expect(await ask('{"req":5}')).toEqual([200, details('u')]);
    server.publish({ cfg: { current: { a: 1 } } });
    expect(await ask('{"req":2}')).toEqual([200, '{"cfg":{"current":{"a":1}},"status":200}']);
    server.stop();
    server.publish({ viewed: false }).start();
    expect(await ask('{"req":1}')).toEqual([200, '{"status":200,"viewed":false}']);
    expect(await ask('{"req":4}')).toMatchObject([200, expect.stringContaining('tcp://x')]);
  });

  test('commands of the program, now or later, and their failures', async () => {
    const { server, ask } = serve();
    const failed = [];
    server.on('error', (error) => failed.push(error));
    server.handle(6, async function snapshot(request) {
      await null;
      return { got: request };
    });
    server.handle(7, () => {
      throw new Error('no');
    });
    server.handle(8, () => ({ status: 404, why: 'own' }), 'find');
    server.handle(9, () => {});
    server.handle(10, () => 5);
    server.handle(11, () => ({ status: undefined, a: 1 }));
    server.handle(12, () => ({ status: '200' }));
    expect(await ask('{"req":6,"a":[1]}')).toEqual([200, '{"status":200,"got":{"req":6,"a":[1]}}']);
    expect(await ask('{"req":7}')).toEqual([200, '{"status":500}']);
    expect(await ask('{"req":8}')).toEqual([200, '{"status":404,"why":"own"}']);
    expect(await ask('{"req":9}')).toEqual([200, '{"status":200}']);
    expect(await ask('{"req":10}')).toEqual([200, '{"status":500}']);
    expect(await ask('{"req":11}')).toEqual([200, '{"status":200,"a":1}']);
    expect(await ask('{"req":12}')).toEqual([200, '{"status":500}']);
    expect(failed.map(({ message }) => message)).toEqual([
      'no',
      expect.stringMatching(/"answer"/),
      expect.stringMatching(/"answer.status"/),
    ]);
    const [, list] = await ask('{"req":0}');
    const { commands_appview: commands } = JSON.parse(list);
    expect(commands.map(({ id, name }) => `${id} ${name}`)).toEqual([
      ...['0 getSupportedCmd', '1 getAppViewStatus', '2 getAppViewCfg', '3 setAppViewCfg'],
      ...['4 getTransportStatus', '5 getProcessDetails'],
      ...['6 snapshot', '7 command7', '8 find', '9 command9', '10 command10'],
      ...['11 command11', '12 command12'],
    ]);
  });

  test('what fails, and so does who hears of it: an uncaught exception, and the answer is 500', async () => {
    const surfaced = ['uncaughtException', 'listener of handler'];
    expect(await fixture('throwing', nobody()).next()).toEqual([500, ...surfaced]);
  });

  test('a handler that takes too long, and one whose caller has left', async () => {
    const { server, pid, ask } = serve({ handlerTimeout: 5 });
    let release = () => {}; // on a busy machine the time is over before it is called
    server.handle(6, () => new Promise((resolve) => (release = resolve)));
    expect(await ask('{"req":6}')).toEqual([200, '{"status":500}']);
    release();
    server.stop();
    const patient = serve();
    const asked = new Promise((resolve) => patient.server.handle(6, () => new Promise(resolve)));
    const asker = new Asker(world, patient.pid);
    await asker.send(...requestFrames('{"req":6}', 1));
    await asked;
    asker.leave();
    expect(await patient.ask('{"req":1}')).toEqual([200, '{"status":200,"viewed":false}']);
    expect(left(pid)).toEqual([]);
  });

  test('fifty clients that ask at once', async () => {
    const { pid } = serve();
    const ask = () => new AppViewClient(pid, { timeout: 60_000 }).status();
    const answers = await Promise.all(Array.from({ length: 50 }, ask));
    expect(answers).toEqual(Array(50).fill({ status: 200, viewed: false }));
    expect(left(pid)).toEqual([]);
  });

  test('AppScope has other names', async () => {
    const { server, ask } = serve({ prefix: 'ScopeIPC' });
    server.publish({ viewed: true });
    expect(await ask('{"req":1}')).toEqual([200, '{"status":200,"scoped":true}']);
    const [, text] = await ask('{"req":0}');
    expect(JSON.parse(text).commands_scope.map(({ name }) => name)).toEqual([
      ...['getSupportedCmd', 'getScopeStatus', 'getScopeCfg', 'setScopeCfg'],
      ...['getTransportStatus', 'getProcessDetails'],
    ]);
  });
});

const median = (all) => all.sort((a, b) => a - b)[all.length >> 1];

onLinux.describe('the JavaScript thread', () => {
  test('may be blocked for ten seconds: requests are answered, within 2 ms of what any process takes', async () => {
    const [pid, other] = [nobody(), nobody()];
    const child = fixture('blocked', pid);
    expect(await child.next()).toBe('blocked');
    const client = new AppViewClient(pid, { timeout: 60_000 });
    // How long an answer takes depends on what else the machine does, since who asks waits for a processor, too. So
    // beside the server, in turns, a process is asked that does nothing else, and has its queues open.
    const [there, back] = names(other).map((name) => {
      world.after(() => remove(name));
      return patiently(() => open(name, { create: true, maxmsg: 1, msgsize: 100 }));
    });
    world.after(() => [there, back].forEach((queue) => queue.close()));
    expect(await fixture('plain', other).next()).toBe('answers');
    const took = { blocked: [], plain: [] };
    const anyTime = () => new Promise((resolve) => setTimeout(resolve, 10));
    const time = async (name, act) => {
      const asked = performance.now();
      await act();
      took[name].push(performance.now() - asked);
    };
    const late = () => median(took.blocked) - median(took.plain);
    const began = performance.now();
    const lasts = (ms) => performance.now() < began + ms;
    // Where both wait long for a processor, it takes more of them until chance is no matter.
    while (lasts(10_000) || (late() > 2 && lasts(60_000))) {
      await anyTime();
      const asker = new Asker(world, pid); // on queues that were just made
      await time('blocked', async () => {
        expect(await asker.ask('{"req":1}')).toMatchObject({ status: 200 });
      });
      asker.leave();
      await anyTime();
      await time('plain', async () => {
        await there.send(...requestFrames('{"req":1}', 1));
        await back.receive();
      });
    }
    expect(late()).toBeLessThanOrEqual(2);
    for (let i = 0; i < 50; i++) expect((await client.status()).viewed).toBe(true);
    const { cfg } = await client.config();
    expect(cfg.current.text).toHaveLength(90_000);
    // New configurations are answered; what was not told yet has a limit.
    const statuses = [];
    for (let i = 0; i < 70; i++) {
      const { status } = await client.request(Command.SetConfig, { cfg: { i } });
      statuses.push(status);
    }
    expect(statuses).toEqual([...Array(64).fill(200), ...Array(6).fill(500)]);
    child.tell('go on');
    expect(await child.next()).toBe('goes on');
    expect(await child.exited).toMatchObject({ code: 0, lines: [{ configs: 64 }], stderr: '' });
  });

  test('a server keeps it alive, unless unreferenced', async () => {
    const unreferenced = fixture('unref', nobody());
    expect(await unreferenced.exited).toMatchObject({ code: 0, stderr: '' });
    const pid = nobody();
    const child = fixture('stay', pid);
    await child.next();
    const client = new AppViewClient(pid, { timeout: 60_000 });
    expect((await client.request(6)).status).toBe(200); // its handler stops the server
    expect(await child.exited).toMatchObject({ code: 0, stderr: '' });
  });

  test('of a worker may end with a server that runs', async () => {
    const { code, lines, stderr } = await fixture('workers', nobody()).exited;
    expect([code, lines, stderr]).toEqual([0, ['no thread is left'], '']);
  });
});

/** A process with namespaces of its own, in which it is root. */
const APART = ['unshare', '--user', '--map-root-user', '--ipc', '--mount'];
const mayMount = mayRun(APART);
const why = mayMount ? '' : ` (no namespaces of its own here: \`${APART.join(' ')} true\` fails)`;

(mayMount ? test : test.skip)(
  `the system tells of requests, or it is looked for them${why}`,
  async () => {
    const runtime = [...APART, process.execPath];
    const child = world.child(require.resolve('./fixture'), ['told', nobody()], { runtime });
    // Each would take half a second and more if a server that looks once an hour were not told.
    const ended = await child.exited;
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    // No other program gets the server's descriptors, and none is left of a server that has stopped.
    expect(ended.lines).toEqual([[200, false], 0, [20, false]]);
  },
);

onLinux.describe('from its first answer to its last', () => {
  test('a request that is there before the server gets what was published before', async () => {
    const pid = nobody();
    const server = new AppViewServer({ pid, handlerTimeout: 60_000 });
    // So long that reading it takes longer than an answer.
    server.publish({ viewed: true, cfg: { text: 'x'.repeat(50_000_000) } });
    server.handle(6, () => ({ a: 1 }));
    world.after(() => server.stop());
    for (const [request, expected] of [
      ['{"req":1}', '{"status":200,"viewed":true}'],
      ['{"req":6}', '{"status":200,"a":1}'],
    ]) {
      const asker = new Asker(world, pid);
      const asked = asker.ask(request); // it has left before this returns
      server.start();
      expect((await asked).text).toBe(expected);
      asker.leave();
      server.stop();
    }
  });

  test('stop() drops no configuration that was said to be taken', async () => {
    const { server, pid } = serve();
    const configs = [];
    server.on('setConfig', ({ number }) => configs.push(number));
    // In one turn of the event loop, which sees none of it.
    for (const number of [1, 2, 3]) {
      const asker = new Asker(world, pid);
      asker.send(...requestFrames(`{"req":3,"cfg":{"number":${number}}}`, number));
      while (asker.output.attr().curmsgs === 0) burn(1);
      asker.leave();
    }
    server.stop();
    while (configs.length < 3) await once(server, 'setConfig');
    expect(configs).toEqual([1, 2, 3]);
  });
});

onLinux.describe('misuse', () => {
  test('a handler that stops the server: the asker gets an error, and the server can start again', async () => {
    const { server, ask } = serve();
    server.handle(6, () => {
      server.stop().stop();
      return { a: 1 };
    });
    expect(await ask('{"req":6}')).toEqual([200, '{"status":500}']);
    server.start().start();
    server.on('setConfig', () => server.stop().start());
    expect(await ask('{"req":3,"cfg":{}}')).toEqual([200, '{"status":200}']);
    expect(await ask('{"req":1}')).toEqual([200, '{"status":200,"viewed":false}']);
  });

  test('a name that is too long for a queue', () => {
    const pid = nobody();
    // The longer name is "/<prefix>Out.<pid>", of 256 bytes at most.
    const room = 256 - `/Out.${pid}`.length;
    const server = (length) => new AppViewServer({ pid, prefix: 'é'.repeat(length / 2) });
    const error = thrownBy(() => server(room + 2 - (room % 2)).start());
    expect(error).toMatchObject({ code: 'ENAMETOOLONG', syscall: 'listen' });
    server(room - (room % 2))
      .start()
      .stop();
  });

  test('one server of a name in a process', () => {
    const { server, pid } = serve();
    const second = new AppViewServer({ pid });
    const error = thrownBy(() => second.start());
    expect(error).toMatchObject({ code: 'EADDRINUSE', address: `/AppViewIPCIn.${pid}` });
    expect([server.start(), server.started, second.started]).toEqual([server, true, false]);
    server.stop();
    second.start();
    second.stop();
  });

  test('is told by name', () => {
    const server = new AppViewServer();
    for (const [act, expected] of [
      [() => new AppViewServer(null), /"options" argument/],
      [() => new AppViewServer({ poll: 1 }), /"options.poll" argument is not an option/],
      [() => new AppViewServer({ pid: '1' }), /"options.pid" argument/],
      [() => new AppViewServer({ pid: 0 }), /"options.pid" argument/],
      [() => new AppViewServer({ prefix: 'a/b' }), /options.prefix/],
      [() => new AppViewServer({ pollMs: 0 }), /"options.pollMs" argument/],
      [() => new AppViewServer({ handlerTimeout: '1' }), /"options.handlerTimeout" argument/],
      [() => server.publish(1), /"parts" argument/],
      [() => server.publish({ veiwed: true }), /"parts.veiwed" argument/],
      [() => server.publish({ viewed: 1 }), /"parts.viewed" argument must be a boolean/],
      [() => server.publish({ cfg: [] }), /"parts.cfg" argument must be a plain object/],
      [() => server.publish({ interfaces: {} }), /"parts.interfaces" argument must be an array/],
      [() => server.handle(3, () => {}), /Commands 0 to 5/],
      [() => server.handle(1.5, () => {}), /"command" argument/],
      [() => server.handle(6), /"handler" argument/],
      [() => server.handle(6, () => {}, 7), /"name" argument/],
    ]) {
      expect(act).toThrow(expected);
    }
  });

  test('the numbers are those of the protocol', () => {
    expect(Object.values(Command)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(Object.values(Status)).toEqual([200, 206, 400, 500, 501]);
  });
});

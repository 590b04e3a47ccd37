'use strict';
// Nothing outlives its host: no process, no file, nothing that keeps a process alive.

const { execFile } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const { setTimeout: wait } = require('node:timers/promises');
const { promisify } = require('node:util');
const typescript = require('typescript');
const { codec, spawn } = require('../../ipc2');
const { createWorld } = require('../helpers/world');
const { onLinux, onUnix } = require('../helpers/platform');
const { KINDS, SCRIPT, hasEnded, program, starter, tasks } = require('./workers');

const world = createWorld();
const start = starter(world);

jest.setTimeout(300_000); // the Rust programs may have to be built

async function allEnd(pids) {
  for (const pid of pids) while (!hasEnded(pid)) await wait(10);
}

onUnix.describe('when the host', () => {
  /** A host whose sockets would be in a folder of the test's. */
  const host = (env, ...args) =>
    world.child('ipc2-host.js', args, { env: { TMPDIR: world.tmp(), ...env } });

  test.each([
    ['has closed its set', 'close', 0],
    ['has unreferenced its set', 'unref', 0],
    ['calls process.exit()', 'exit', 4],
    ['throws', 'throw', 1],
  ])('%s, it ends by itself, and its workers do', async (_, end, code) => {
    const child = host({}, end);
    const pids = await child.next();
    expect(pids).toHaveLength(2);
    expect(await child.exited).toMatchObject({ code });
    await allEnd(pids);
    expect(fs.readdirSync(world.tmp())).toEqual([]);
  });

  test.each(
    ['loop', 'tokio'].flatMap((driver) => [
      ['restart', driver, ['IO: the set is closed', 'fulfilled']],
      ['kill', driver, ['OFFLINE: This worker is offline.', 'fulfilled']],
    ]),
  )('has begun a %s, it lives until that has ended (%s)', async (end, driver, ends) => {
    const child = host({ FERRIPC_DRIVER: driver }, end);
    await child.next();
    expect(await child.next()).toEqual(ends);
    expect(await child.next()).toBe('done');
    expect(await child.exited).toMatchObject({ code: 0 });
  });

  test.each(
    ['loop', 'tokio'].flatMap((driver) => [
      ['calls process.exit()', driver, 'exit', 4],
      ['throws', driver, 'throw', 1],
    ]),
  )('%s while its workers start, no file is left (%s)', async (_, driver, end, code) => {
    const child = host({ FERRIPC_DRIVER: driver }, 'early', end);
    expect(await child.next()).toHaveLength(2);
    expect(await child.exited).toMatchObject({ code });
    expect(fs.readdirSync(world.tmp())).toEqual([]);
  });

  test('is killed while its workers start, the next host removes what is left', async () => {
    const lives = host({}, 'early');
    const living = await lives.next();
    const killed = host({}, 'early');
    await killed.next();
    await killed.kill();
    const others = ['ipc2-of-somebody', 'ipc2-0123456789abcdeg', 'ipc2-0123456789abcdef.d'];
    for (const name of others) fs.mkdirSync(world.file(name));
    fs.writeFileSync(world.file('ipc2-0123456789abcdef'), 'a file');
    const names = () => fs.readdirSync(world.tmp()).sort();
    const another = async () => {
      const child = host({}, 'close');
      await child.exited;
    };
    const before = names();
    await another();
    expect(names()).toEqual(before); // they may be about to be used
    const longAgo = Date.now() / 1000 - 3600;
    for (const name of before) fs.utimesSync(world.file(name), longAgo, longAgo);
    await another();
    expect(names()).toEqual([...living, ...others, 'ipc2-0123456789abcdef'].sort());
    await lives.kill();
  });

  test('has no folder for sockets, the error says which', async () => {
    const folder = world.file('none');
    const script = `
      const { WorkerSet } = require(${JSON.stringify(require.resolve('../../ipc2'))});
      const builder = WorkerSet.builder().workerPath(${JSON.stringify(SCRIPT)});
      builder.finish().catch(({ code, message, cause }) => console.log(code, message, cause.code));`;
    const env = { ...process.env, TMPDIR: folder };
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { env });
    expect(stdout).toContain(`IO mkdir ENOENT ${folder}/ipc2-`);
    expect(stdout.trimEnd()).toMatch(/ ENOENT$/);
  });

  test('has a set, it stays', async () => {
    const child = host({}, 'hang');
    await child.next();
    expect(await child.next()).toBe('done');
    expect(hasEnded(child.process.pid)).toBe(false);
    await child.kill('SIGTERM');
  });

  // Elsewhere a worker that looks at nothing is not told.
  onLinux.test.each(['Node', 'Rust'])('is killed, its workers in %s are, too', async (kind) => {
    const child = host({}, 'spin', kind === 'Rust' ? program('ipc2_test_worker') : SCRIPT);
    const pids = await child.next();
    expect(await child.next()).toBe('done');
    await child.kill('SIGKILL');
    await allEnd(pids);
    expect(fs.readdirSync(world.tmp())).toEqual([]);
  });

  test('was a thread that is terminated, its workers end, and the process goes on', async () => {
    const child = host({}, 'thread');
    const pids = await child.next();
    expect(pids).toHaveLength(2);
    expect(await child.next()).toBe('terminated');
    const isLeft = (pid) => !hasEnded(pid) || fs.existsSync(`/proc/${pid}`); // a zombie, too
    while (pids.some(isLeft)) await wait(10);
    expect(hasEnded(child.process.pid)).toBe(false);
    await child.kill();
  });
});

onUnix.describe('an AbortSignal', () => {
  const aborted = { name: 'AbortError', code: 'ABORT_ERR' };

  test('gives up a job; its worker goes on with it', async () => {
    const set = await start(tasks('Node'));
    const [pid] = set.pids();
    const controller = new AbortController();
    const job = set.send('Hang', { signal: controller.signal });
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(job).rejects.toMatchObject({ ...aborted, cause: reason });
    expect([set.available(), set.pids()]).toEqual([1, [pid]]);
  });

  test('gives up a job that waits for a worker, which never begins', async () => {
    const set = await start(tasks('Node').queue(1));
    const controller = new AbortController();
    const running = set.send({ Echo: 'x' });
    const waiting = set.send('Crash', { signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toMatchObject(aborted);
    expect(await running).toBe(1);
    expect(await set.send({ Add: [1, 1] })).toBe(2);
  });

  test('that was aborted before sends nothing', async () => {
    const set = await start(tasks('Node'));
    const signal = AbortSignal.abort();
    for (const call of [
      set.send('Crash', { signal }),
      set.sendTimeout('Crash', 1, 'Error', { signal }),
      set.sendUnidirectional('Crash', { signal }),
    ]) {
      await expect(call).rejects.toMatchObject(aborted);
    }
    expect(await set.send({ Add: [1, 1] })).toBe(2);
  });

  test('of many jobs has one listener, and gives up all', async () => {
    const set = await start(tasks('Node').queue(100));
    const controller = new AbortController();
    const { signal } = controller;
    const added = jest.spyOn(signal, 'addEventListener');
    const removed = jest.spyOn(signal, 'removeEventListener');
    const hanging = set.send('Hang', { signal });
    const jobs = Array.from({ length: 50 }, () => set.send('Pid', { signal }));
    expect(added).toHaveBeenCalledTimes(1);
    controller.abort();
    for (const job of [hanging, ...jobs]) await expect(job).rejects.toMatchObject(aborted);
    expect(removed).toHaveBeenCalledTimes(1);
    await expect(set.send('Pid', { signal })).rejects.toMatchObject(aborted);
  });

  test('has no listeners left', async () => {
    const set = await start(tasks('Node'));
    const { signal } = new AbortController();
    const added = jest.spyOn(signal, 'addEventListener');
    const removed = jest.spyOn(signal, 'removeEventListener');
    await set.send({ Add: [1, 1] }, { signal });
    await set.send('Crash', { signal }).catch(() => {});
    expect(added).toHaveBeenCalledTimes(2);
    expect(removed).toHaveBeenCalledTimes(2);
  });
});

onUnix.describe('a hostile worker', () => {
  const garbage = (hex) => KINDS.Rust('garbage', hex).workerCount(1).response(codec.u32);

  test.each([
    ['a length of 4 GiB', 'ffffffff', 'a message of 4294967295 bytes, over the limit'],
    ['a message of another kind', '0000000801000000cafebabe', 'no message'],
    ['a message without a number', '0000000400000000', 'no message'],
  ])('sends %s: it is killed', async (_, hex, cause) => {
    const set = await start(garbage(hex).respawn(false));
    const [exit] = await once(set, 'exit');
    expect(exit).toMatchObject({ code: null, signal: 'SIGKILL' });
    expect(exit.cause).toContain(cause);
    await expect(set.send(1)).rejects.toMatchObject({ code: 'NO_WORKER' });
  });

  test('sends an answer to no job: it is dropped', async () => {
    const set = await start(garbage('0000000c000000000d00000007000000'));
    await expect(set.sendTimeout(1, 50, 'Error')).rejects.toMatchObject({ code: 'TIMEOUT' });
  });

  test('sends an answer that is not of the type', async () => {
    const set = await start(KINDS.Node('bytes').workerCount(1).request(codec.bytes));
    const error = await set.send(Buffer.from('no JSON')).catch((it) => it);
    expect(error).toMatchObject({ code: 'IO', cause: { code: 'ERR_IPC2_PAYLOAD' } });
    expect(error.message).toContain('not JSON');
    expect(await set.send(Buffer.from('[1]'))).toEqual([1]); // it is as before
  });

  test('sends more than maxMessageBytes', async () => {
    const grow = KINDS.Rust('grow').workerCount(1).request(codec.u32).response(codec.string);
    const set = await start(grow.maxMessageBytes(1000));
    expect(await set.send(900)).toHaveLength(900);
    const error = await set.send(1000).catch((it) => it);
    expect(error).toMatchObject({ code: 'OFFLINE' });
    expect(error.exit.cause).toContain('over the limit of 1000');
  });
});

onUnix.test(
  'an answer that cannot be encoded ends its worker: the caller does not wait',
  async () => {
    const builder = KINDS.Rust('formless').workerCount(1).request(codec.u32).response(codec.string);
    const set = await start(builder.respawn(false));
    await expect(set.send(1)).rejects.toMatchObject({ code: 'OFFLINE' });
  },
);

/** Runs a program of JavaScript; what it prints. */
async function run(text, flags = []) {
  const file = world.file('program.js');
  const head = `const SCRIPT = ${JSON.stringify(SCRIPT)};
    const { WorkerSet, spawn } = require(${JSON.stringify(require.resolve('../../ipc2'))});\n`;
  fs.writeFileSync(file, `${head}${text}`);
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, file]);
  return stdout;
}

(Symbol.asyncDispose ? onUnix.test : test.skip)(
  '`await using` ends a set and a worker',
  async () => {
    const { outputText } = typescript.transpileModule(
      `async function main() {
      let pids: number[];
      {
        await using set = await WorkerSet.builder().workerPath(SCRIPT).args(['json']).workerCount(2).finish();
        await using worker = await spawn(SCRIPT, { args: ['json'] });
        console.log(await set.send('from a set'), await worker.send('from a worker'));
        pids = [...set.pids(), worker.pid];
      }
      const lives = (pid: number) => {
        try {
          return process.kill(pid, 0);
        } catch {
          return false;
        }
      };
      console.log(pids.map(lives));
    }
    main();`,
      { compilerOptions: { target: typescript.ScriptTarget.ES2022, module: 'commonjs' } },
    );
    expect(await run(outputText)).toBe('from a set from a worker\n[ false, false, false ]\n');
  },
);

const permission = ['--permission', '--experimental-permission'].find((it) =>
  process.allowedNodeEnvironmentFlags.has(it),
);

(permission ? onUnix.describe : describe.skip)('Node’s permissions', () => {
  const more = ['--allow-addons', '--allow-net'].filter((it) =>
    process.allowedNodeEnvironmentFlags.has(it),
  );
  const flags = [permission, '--allow-fs-read=*', '--allow-fs-write=*', '--no-warnings', ...more];
  const program = `
    const builder = WorkerSet.builder().workerPath(SCRIPT).args(['json']).workerCount(1);
    const use = async (set) => {
      console.log(await set.send('fine'));
      await set.close();
    };
    builder.finish().then(use, ({ code, cause }) => console.log(code, cause.code));`;

  test('to start processes: workers', async () => {
    expect(await run(program, [...flags, '--allow-child-process'])).toBe('fine\n');
  });

  test('without it: an error', async () => {
    expect(await run(program, flags)).toBe('IO EACCES\n');
  });
});

onUnix.test('a job over maxMessageBytes is not sent', async () => {
  const set = await start(KINDS.Node('json').workerCount(1).maxMessageBytes(1000));
  await expect(set.send('x'.repeat(1000))).rejects.toMatchObject({
    code: 'IO',
    message: 'the message is longer than 1000 bytes',
  });
  expect(await set.send('x')).toBe('x');
});

onUnix.test('a worker that cannot read its job says so, and ends', async () => {
  const builder = KINDS.Node('strict').workerCount(1).request(codec.bytes).respawn(false);
  const set = await start(builder);
  const error = await set.send(Buffer.from([0xff])).catch((it) => it);
  expect(error).toMatchObject({ code: 'OFFLINE', exit: { code: 5 } });
});

onUnix.test('a job that nobody keeps gets no answer, and the next one comes', async () => {
  const builder = KINDS.Node('forget').workerCount(1).execArgv(['--expose-gc']);
  const set = await start(builder);
  const given = set.sendTimeout('forget', 100, 'Error');
  await expect(given).rejects.toMatchObject({ code: 'TIMEOUT' });
  expect(await set.send('next')).toBe('next');
});

onUnix.test('how a worker is started', async () => {
  const cwd = fs.realpathSync(world.tmp());
  const builder = KINDS.Node('env', 'a b', '').workerCount(1).cwd(cwd);
  const set = await start(
    builder.env({ ONE: 1, TWO: undefined, PATH: '' }).execArgv(['--no-warnings']),
  );
  const found = await set.send(null);
  expect(found).toMatchObject({ args: ['env', 'a b', ''], cwd, execArgv: ['--no-warnings'] });
  const { IPC2_SOCKET_PATH, ...env } = found.env;
  expect(fs.existsSync(IPC2_SOCKET_PATH)).toBe(false);
  expect(env).toMatchObject({ ONE: '1', PATH: '' });
  expect(env).not.toHaveProperty('TWO');
  expect(env).not.toHaveProperty('HOME');
});

onUnix.test('the streams of a worker go where they are told to', async () => {
  const file = world.file('out');
  const out = fs.openSync(file, 'w');
  const worker = await spawn(SCRIPT, {
    args: ['json'],
    stdio: ['ignore', out, 'ignore'],
    execArgv: ['-r', require.resolve('../fixtures/ipc2-hello.js')],
  });
  fs.closeSync(out);
  expect(await worker.send([1])).toEqual([1]);
  await worker.kill();
  expect(fs.readFileSync(file, 'utf8')).toBe('hello\n');
});

onUnix.test('a worker of any program: a script without an ending, by its first line', async () => {
  const file = world.file('worker');
  const text = `#!${process.execPath}\nprocess.argv[2] = 'json';\nrequire(${JSON.stringify(SCRIPT)});\n`;
  fs.writeFileSync(file, text, { mode: 0o755 });
  const worker = await spawn(file);
  expect(await worker.send({ a: 1 })).toEqual({ a: 1 });
  await worker.kill();
});

onUnix.test('a host in Rust, workers in Node', async () => {
  const { stderr } = await promisify(execFile)(program('ipc2_test_driver'), [
    process.execPath,
    SCRIPT,
  ]);
  expect(stderr).toBe('');
});

onLinux.test.each(['loop', 'tokio'])(
  'of a thread that is terminated at work no descriptor is left (%s)',
  async (driver) => {
    const child = world.child('ipc2-threads.js', [], { env: { FERRIPC_DRIVER: driver } });
    expect(await child.next()).toBe(0);
  },
);

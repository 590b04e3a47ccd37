'use strict';
// POSIX message queues: sending, receiving, waiting for either, and the errors of mq_overview(7).

const { once } = require('node:events');
const { Worker } = require('node:worker_threads');
const mqueue = require('../../mqueue');
const { ALONE, aloneTest, rootTest } = require('../helpers/alone');
const { onLinux } = require('../helpers/platform');
const { exists, queueName } = require('../helpers/queues');
const { thrownBy } = require('../helpers/thrown');
const { createWorld } = require('../helpers/world');

const world = createWorld();
const SMALL = { create: true, exclusive: true, maxmsg: 3, msgsize: 16 };

/** An open queue that is closed, and gone, after the test. */
function make(options, name = queueName(world)) {
  const queue = mqueue.open(name, { ...SMALL, ...options });
  world.after(() => queue.close());
  return queue;
}

const text = ({ data, priority }) => [String(data), priority];
const fixture = (...args) => world.child(require.resolve('./fixture'), args);

onLinux.describe('messages', () => {
  test('come by priority, then by age, and unchanged', async () => {
    const queue = make();
    await queue.send('old', 1);
    await queue.send(new Uint8Array([0, 255]), 32767);
    await queue.send(Buffer.from('é'), 1);
    const { data, priority } = await queue.receive();
    expect([Buffer.isBuffer(data), [...data], priority]).toEqual([true, [0, 255], 32767]);
    expect(text(await queue.receive())).toEqual(['old', 1]);
    expect(text(await queue.receive())).toEqual(['é', 1]);
    await queue.send('');
    expect(text(await queue.receive())).toEqual(['', 0]);
  });

  test('attr() describes the queue', async () => {
    const queue = make();
    await queue.send('x');
    expect(queue.attr()).toEqual({ maxmsg: 3, msgsize: 16, curmsgs: 1 });
    const usual = make({ maxmsg: undefined, msgsize: undefined });
    expect(usual.attr()).toEqual({ maxmsg: 10, msgsize: 8192, curmsgs: 0 });
  });

  test('the first to receive gets the first message, and so on', async () => {
    const queue = make();
    const received = [1, 2, 3].map(() => queue.receive());
    for (const it of ['a', 'b', 'c']) await queue.send(it);
    expect((await Promise.all(received)).map(({ data }) => `${data}`)).toEqual(['a', 'b', 'c']);
  });

  test('a full queue makes senders wait, in order, with the given data', async () => {
    const queue = make();
    const bytes = Buffer.from('0');
    const sent = [];
    for (let i = 0; i < 9; i++) {
      bytes[0] = 0x30 + i;
      sent.push(queue.send(bytes));
    }
    bytes[0] = 0x78;
    expect(queue.attr().curmsgs).toBe(3);
    const received = [];
    for await (const { data } of queue) if (received.push(String(data)) === 9) break;
    expect(received).toEqual([...'012345678']);
    await Promise.all(sent);
  });

  test('what waits to be sent has a limit', async () => {
    const queue = make({ maxQueuedBytes: 20 + 2 * 1024 });
    for (let i = 0; i < 3; i++) await queue.send('x');
    const waiting = queue.send('x'.repeat(16));
    await expect(queue.send('12345')).rejects.toMatchObject({ code: 'ENOBUFS' });
    const small = queue.send('1234');
    for (let i = 0; i < 5; i++) await queue.receive();
    await Promise.all([waiting, small]);
  });

  test('messages of no bytes count as well', async () => {
    const queue = make({ maxQueuedBytes: 100 * 1024 });
    const outcomes = Array.from({ length: 1000 }, () => queue.send('').catch(({ code }) => code));
    const { maxmsg } = queue.attr();
    for (let i = 0; i < maxmsg + 100; i++) await queue.receive();
    queue.close(); // for those that would still wait
    const codes = await Promise.all(outcomes);
    expect(codes.filter((it) => it === undefined)).toHaveLength(maxmsg + 100);
    expect(codes.filter((it) => it === 'ENOBUFS')).toHaveLength(900 - maxmsg);
  });

  test('reach another process and come back', async () => {
    const [there, back] = [make(), make()];
    const child = fixture('echo', there.name, back.name);
    const count = 500;
    const received = [];
    const all = (async () => {
      for await (const { data, priority } of back) {
        if (received.push([String(data), priority]) === count) return;
      }
    })();
    for (let i = 0; i < count; i++) await there.send(String(i), 7);
    await all;
    expect(received).toEqual(Array.from({ length: count }, (_, i) => [String(i), 7]));
    await there.send('end');
    expect((await child.exited).code).toBe(0);
  });
});

onLinux.describe('`message`', () => {
  test('handlers get all, in order, until they leave; the rest stays in the queue', async () => {
    const queue = make({ maxmsg: 10 });
    const sender = mqueue.open(queue.name);
    world.after(() => sender.close());
    const got = [];
    const done = new Promise((resolve) => {
      const listen = (data, priority) => {
        got.push([String(data), priority]);
        if (got.length < 200) return;
        queue.off('message', listen);
        resolve();
      };
      queue.on('message', listen);
    });
    const sent = [];
    for (let i = 0; i < 203; i++) sent.push(sender.send(String(i)));
    await Promise.all([...sent.slice(0, 200), done]);
    expect(got).toEqual(Array.from({ length: 200 }, (_, i) => [String(i), 0]));
    await Promise.all(sent);
    expect(queue.attr().curmsgs).toBe(3);
    const [data] = await once(queue, 'message');
    expect(String(data)).toBe('200');
    expect(queue.attr().curmsgs).toBe(2);
  });

  test('a handler that throws, and one that closes the queue', async () => {
    const queue = make();
    const { code, lines, stderr } = await fixture('throw', queue.name).exited;
    expect([code, lines, stderr]).toEqual([0, ['a', 'caught a', 'b', 'caught b', 'end'], '']);
  });

  test('an error of receiving is an event', async () => {
    const queue = make();
    const writer = mqueue.open(queue.name, { read: false });
    world.after(() => writer.close());
    writer.on('message', () => {});
    const [error] = await once(writer, 'error');
    expect(error).toMatchObject({ code: 'EBADF', syscall: 'mq_receive', address: queue.name });
  });
});

onLinux.describe('errors', () => {
  test('of a queue that is there, is not, or cannot be', async () => {
    const queue = make();
    const { name } = queue;
    const open = (...args) => thrownBy(() => mqueue.open(...args));
    const long = `/${'x'.repeat(300)}`;
    for (const [error, code] of [
      [open(name, SMALL), 'EEXIST'],
      [open(`${name}x`), 'ENOENT'],
      [open('/'), 'ENOENT'],
      [open('/a/b', SMALL), 'EACCES'],
      [open(long), 'ENAMETOOLONG'],
      [open(`${name}x`, { ...SMALL, maxmsg: 2 ** 40 }), 'EINVAL'],
      [open(`${name}x`, { ...SMALL, msgsize: 2 ** 40 }), 'EINVAL'],
    ]) {
      expect(error).toMatchObject({ code, syscall: 'mq_open', errno: expect.any(Number) });
      expect(error.message).toMatch(`mq_open ${code} ${error.address}`);
    }
    const refused = { code: 'EACCES', syscall: 'mq_unlink', address: '/a/b' };
    expect(thrownBy(() => mqueue.unlink('/a/b'))).toMatchObject(refused);
    expect(mqueue.open(name, { ...SMALL, exclusive: false, maxmsg: 1 }).attr().maxmsg).toBe(3);
    queue.unlink();
    expect(exists(name)).toBe(false);
    const gone = { code: 'ENOENT', syscall: 'mq_unlink', address: name };
    expect(thrownBy(() => queue.unlink())).toMatchObject(gone);
    expect(thrownBy(() => mqueue.unlink(name))).toMatchObject(gone);
    await queue.send('still');
    expect(text(await queue.receive())).toEqual(['still', 0]);
  });

  test('of messages', async () => {
    const queue = make();
    await expect(queue.send('x'.repeat(17))).rejects.toMatchObject({
      code: 'EMSGSIZE',
      syscall: 'mq_send',
      message: `mq_send EMSGSIZE ${queue.name}`,
    });
    const late = { timeout: 1 };
    await expect(queue.receive({ timeout: 0 })).rejects.toMatchObject({ code: 'EAGAIN' });
    await expect(queue.receive(late)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    for (let i = 0; i < 3; i++) await queue.send('x', 0, { timeout: 0 });
    await expect(queue.send('y', 0, { timeout: 0 })).rejects.toMatchObject({ code: 'EAGAIN' });
    await expect(queue.send('y', 0, late)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    // Who gave up gets nothing.
    expect(queue.attr().curmsgs).toBe(3);
    const reader = mqueue.open(queue.name, { write: false });
    world.after(() => reader.close());
    await expect(reader.send('x')).rejects.toMatchObject({ code: 'EBADF' });
    expect(text(await reader.receive())).toEqual(['x', 0]);
  });

  test('no more queues than the limit of the user allows', async () => {
    const { code, lines, stderr } = await fixture('limit', queueName(world)).exited;
    expect([code, stderr]).toEqual([0, '']);
    const [error] = lines;
    expect(error).toMatchObject({ code: 'EMFILE', syscall: 'mq_open' });
    expect(error.message).toContain('RLIMIT_MSGQUEUE');
  });

  aloneTest('nine queues of the usual size in all; as many as the system allows', async () => {
    const runtime = [...ALONE, process.execPath];
    const child = world.child(require.resolve('./fixture'), ['usual', '/ferripc-many'], {
      runtime,
    });
    const { code, lines, stderr } = await child.exited;
    expect([code, stderr]).toEqual([0, '']);
    expect(lines).toEqual([
      { count: 9, code: 'EMFILE', syscall: 'mq_open' },
      { count: 256, code: 'ENOSPC', syscall: 'mq_open' },
    ]);
  });

  rootTest('of a queue that belongs to another user', async () => {
    const { name } = make({ mode: 0o600 });
    const { code, lines, stderr } = await fixture('nobody', name).exited;
    expect([code, stderr]).toEqual([0, '']);
    expect(lines).toEqual([
      { code: 'EACCES', syscall: 'mq_open', address: name },
      { code: 'EPERM', syscall: 'mq_unlink', address: name },
    ]);
    expect(exists(name)).toBe(true);
  });

  test('no descriptor for the watcher: an error, and the queue is of use again', async () => {
    const queue = make();
    const { code, lines, stderr } = await fixture('descriptors', queue.name).exited;
    expect([code, stderr]).toEqual([0, '']);
    const error = { code: 'EMFILE', syscall: 'start', message: 'start EMFILE' };
    const another = expect.objectContaining({ code: 'EMFILE', syscall: 'mq_open' });
    expect(lines).toEqual(['open', another, error, error, 'again']);
  });

  test('waiting calls fail at the end', async () => {
    const queue = make();
    const iteration = (async () => {
      for await (const message of queue) throw message;
    })();
    const received = [queue.receive(), queue.receive({ timeout: 1e9 })];
    for (let i = 0; i < 2; i++) queue.send('x'); // the iteration and the first get them
    await expect(iteration).rejects.toMatchObject({ priority: 0 });
    await received[0];
    for (let i = 0; i < 3; i++) await queue.send('x', 0, { timeout: 0 }).catch(() => {});
    await received[1];
    while (queue.attr().curmsgs < 3) await queue.send('x');
    const sent = queue.send('never');
    const closed = once(queue, 'close');
    queue.close();
    queue.close();
    await expect(sent).rejects.toMatchObject({ code: 'ECANCELED', syscall: 'mq_send' });
    await closed;
    expect(queue.closed).toBe(true);
    await expect(queue.receive()).rejects.toMatchObject({ code: 'EBADF' });
    await expect(queue.send('x')).rejects.toMatchObject({ code: 'EBADF' });
    expect(thrownBy(() => queue.attr())).toMatchObject({ code: 'EBADF' });
    for await (const message of queue) throw message;
  });

  test('receivers and iterations end with the queue', async () => {
    const queue = make();
    const received = queue.receive();
    const iteration = (async () => {
      for await (const message of queue) throw message;
      return 'over';
    })();
    queue.close();
    await expect(received).rejects.toMatchObject({ code: 'ECANCELED', syscall: 'mq_receive' });
    expect(await iteration).toBe('over');
  });

  test('misuse is told by name', async () => {
    const queue = make();
    const { name } = queue;
    for (const [act, expected] of [
      [() => mqueue.open(1), /"name" argument must be of type string/],
      [() => mqueue.open('bare'), /"name" argument must begin with "\/"/],
      [() => mqueue.unlink('/a\0'), /"name" argument/],
      [() => mqueue.open(name, null), /"options" argument/],
      [() => mqueue.open(name, { create: 1 }), /"options.create" argument/],
      [() => mqueue.open(name, { maxMsg: 3 }), /"options.maxMsg" argument is not an option/],
      [() => mqueue.open(name, { '': 3 }), /"options." argument is not an option/],
      [() => mqueue.open(name, { exclusive: true }), /options.exclusive needs/],
      [() => mqueue.open(name, { read: false, write: false }), /options.read and options.write/],
      [() => mqueue.open(name, { maxmsg: '10' }), /"options.maxmsg" argument/],
      [() => mqueue.open(name, { maxmsg: 0 }), /"options.maxmsg" argument must be an integer >= 1/],
      [() => mqueue.open(name, { msgsize: 1.5 }), /"options.msgsize" argument/],
      [() => mqueue.open(name, { mode: 0o1000 }), /"options.mode" argument/],
      [() => mqueue.open(name, { maxQueuedBytes: 0 }), /"options.maxQueuedBytes" argument/],
      [() => new mqueue.Queue(), /open\(\)/],
    ]) {
      expect(act).toThrow(expected);
    }
    for (const [promise, expected] of [
      [queue.send(), /"data" argument/],
      [queue.send({}), /"data" argument/],
      [queue.send('x', '1'), /"priority" argument/],
      [queue.send('x', -1), /"priority" argument must be an integer >= 0 and <= 32767/],
      [queue.send('x', 32768), /"priority" argument/],
      [queue.send('x', 0, 5), /"options" argument/],
      [queue.send('x', 0, { priority: 5 }), /"options.priority" argument is not an option/],
      [queue.receive({ timeout: -1 }), /"options.timeout" argument/],
      [queue.receive({ timeOut: 1 }), /"options.timeOut" argument is not an option/],
    ]) {
      await expect(promise).rejects.toThrow(expected);
    }
    expect(queue.attr().curmsgs).toBe(0);
  });
});

onLinux.describe('lifetime', () => {
  test.each([
    ['an open queue', 'open'],
    ['one that has waited', 'waited'],
    ['one that waits and was unreferenced', 'unref'],
    ['one whose handlers have left', 'left'],
  ])('%s does not keep the process alive', async (_, mode) => {
    const { code, stderr } = await fixture(mode, make().name).exited;
    expect([code, stderr]).toEqual([0, '']);
  });

  test.each(['receive', 'listen', 'send'])('a program that waits does: %s', async (mode) => {
    const queue = make();
    const child = fixture(mode, queue.name);
    await child.next();
    if (mode === 'send') await queue.receive();
    else await queue.send('go');
    expect(await child.exited).toMatchObject({ code: 0, lines: ['got it'], stderr: '' });
  });

  test('a worker that ends while it waits leaves no descriptor', async () => {
    const queue = make();
    const { code, lines, stderr } = await fixture('workers', queue.name).exited;
    expect([code, stderr]).toEqual([0, '']);
    expect(lines).toEqual([{ descriptors: 0, threads: 0 }]);
  });

  test('closed and forgotten queues leave no descriptor', async () => {
    const queue = make();
    const { code, lines, stderr } = await fixture('forget', queue.name).exited;
    expect([code, stderr]).toEqual([0, '']);
    expect(lines).toEqual([{ closed: 0 }, { forgotten: 0 }]);
  });

  test('a thread is a place like any other', async () => {
    const queue = make();
    const worker = new Worker(require.resolve('./fixture'), {
      argv: [JSON.stringify(['reply', queue.name])],
      stdout: true,
    });
    const ended = once(worker, 'exit');
    await queue.send('ping', 3);
    const [code] = await ended;
    expect(code).toBe(0);
    expect(text(await queue.receive())).toEqual(['ping back', 3]);
  });
});

test('where there are no queues, that is said', () => {
  const platform = Object.getOwnPropertyDescriptor(process, 'platform');
  Object.defineProperty(process, 'platform', { ...platform, value: 'darwin' });
  try {
    jest.isolateModules(() => {
      const elsewhere = require('../../mqueue');
      expect(elsewhere.isSupported).toBe(false);
      const error = thrownBy(() => elsewhere.open('/x', { create: true }));
      expect(error).toMatchObject({ code: 'ENOTSUP', syscall: 'mq_open', address: '/x' });
      expect(error.message).toContain('Linux');
      expect(thrownBy(() => elsewhere.unlink('/x'))).toMatchObject({ code: 'ENOTSUP' });
    });
  } finally {
    Object.defineProperty(process, 'platform', platform);
  }
  expect(mqueue.isSupported).toBe(process.platform === 'linux');
});

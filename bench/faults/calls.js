'use strict';
// The part of `npm run faults` in which system calls fail: each call that a talk makes (talk.js), the first, the second
// and so on, with each error that the system gives for it; for good; and several by chance. Used by run.js and faults.test.js.

const { fork } = require('node:child_process');
const path = require('node:path');
const { Control } = require('./shim');

const MEMORY = ['ENOMEM'];
const DESCRIPTORS = ['EMFILE', 'ENFILE', 'ENOMEM'];
const FILES = ['EACCES', 'ENOMEM'];

/** Call -> what it can fail with; 'PART' does half of it. What a manual page has and cannot be here is left out. */
const ERRORS = {
  socket: [...DESCRIPTORS, 'ENOBUFS', 'EACCES'],
  socketpair: DESCRIPTORS,
  connect: ['EAGAIN', 'ECONNREFUSED', 'EINTR', 'ENOMEM', 'EPERM', 'ETIMEDOUT'],
  bind: ['EADDRINUSE', 'EACCES', 'ENOMEM', 'ENOSPC', 'EROFS'],
  listen: ['EADDRINUSE', 'ENOBUFS'],
  accept4: [...DESCRIPTORS, 'ENOBUFS', 'ECONNABORTED', 'EINTR', 'EPERM', 'EPROTO'],
  send: ['ENOBUFS', 'ENOMEM', 'EINTR', 'ECONNRESET', 'EPIPE'],
  sendto: ['ENOBUFS', 'ENOMEM', 'EINTR', 'EPERM', 'ECONNREFUSED'],
  sendmsg: ['ENOBUFS', 'ENOMEM', 'EINTR', 'EPERM', 'EIO'],
  sendmmsg: ['ENOBUFS', 'ENOMEM', 'EINTR', 'EPERM', 'ECONNREFUSED', 'EIO'],
  recv: ['ENOBUFS', 'ENOMEM', 'EINTR', 'ECONNRESET', 'ETIMEDOUT'],
  recvfrom: ['ENOMEM', 'EINTR', 'ECONNREFUSED'],
  recvmsg: ['ENOBUFS', 'ENOMEM', 'EINTR', 'EMFILE'],
  recvmmsg: ['ENOMEM', 'EINTR', 'ECONNREFUSED'],
  read: [], // of the event that wakes the I/O thread
  readv: ['EINTR', 'ENOMEM', 'ECONNRESET'],
  write: [], // the same
  writev: ['ENOBUFS', 'ENOMEM', 'EINTR', 'ECONNRESET', 'EPIPE'],
  epoll_create1: DESCRIPTORS,
  epoll_ctl: ['ENOMEM', 'ENOSPC'],
  epoll_wait: ['EINTR'],
  eventfd: DESCRIPTORS,
  getsockopt: ['ENOBUFS', 'ENOMEM', 'ENOPROTOOPT'],
  setsockopt: ['ENOBUFS', 'ENOMEM', 'EPERM', 'ENOPROTOOPT'],
  getsockname: ['ENOBUFS', 'ENOMEM'],
  getpeername: ['ENOBUFS', 'ENOMEM', 'ENOTCONN'],
  shutdown: ['ENOTCONN', 'ENOBUFS'],
  ioctl: ['ENOMEM', 'ENOTTY'],
  fcntl: ['EMFILE', 'ENOMEM'],
  open: [...DESCRIPTORS, 'EACCES', 'ENOSPC', 'EROFS', 'EINTR'],
  open64: [...DESCRIPTORS, 'EACCES', 'ENOSPC', 'EROFS', 'EINTR'],
  flock: ['EINTR', 'ENOLCK', 'EWOULDBLOCK'],
  fstat: MEMORY,
  fstat64: MEMORY,
  stat64: FILES,
  lstat64: FILES,
  rename: ['EACCES', 'ENOSPC', 'EROFS'],
  unlink: ['EACCES', 'EROFS', 'EBUSY'],
  rmdir: ['EACCES', 'EROFS', 'EBUSY'],
  mkdir: ['EACCES', 'ENOSPC', 'EROFS'],
  chmod: ['EPERM', 'EROFS'],
  fchmod: ['EPERM', 'EROFS'],
  fchmodat: ['EPERM', 'EROFS'],
  close: ['EINTR', 'EIO'],
  pthread_create: ['EAGAIN'],
  poll: ['EINTR', 'ENOMEM'],
  opendir: [...DESCRIPTORS, 'EACCES'],
  fstatat64: FILES,
  setns: ['EPERM', 'ENOMEM'],
  unshare: ['EPERM', 'ENOMEM'],
  mq_open: [...DESCRIPTORS, 'ENOSPC', 'EACCES'],
  mq_timedsend: ['EINTR'],
  mq_timedreceive: ['EINTR'],
  mq_getsetattr: [], // nothing that can be here
  mq_unlink: ['EACCES'],
  // Of memory beside messages.
  memfd_create: [...DESCRIPTORS, 'EPERM', 'ENOSYS', 'EINVAL'],
  lseek64: ['EINVAL'],
  fstatfs: ['EINTR', 'ENOMEM'],
  mmap: ['ENOMEM', 'EPERM'],
  pread64: ['EINTR', 'ENOMEM'],
};

/** A part of what was asked for: where the system gives it without being full or empty. */
const PARTS = { loop: ['send', 'recv', 'writev', 'sendmmsg', 'recvmmsg'], tokio: [] };

/** Whose bytes the I/O thread reads with either driver: those of a greeting, and all. */
const READ_BY_TASKS = ['values', 'zmtp'];

/** For so long a case may take, in ms: the machine may be busy. */
const WATCHDOG = 10_000;

/** The process in which calls fail. A new one is begun when one has died. */
class Talker {
  #child = null;

  constructor({ library, folder, driver, watchdog = WATCHDOG }) {
    Object.assign(this, { library, folder, driver, watchdog });
  }

  #begin() {
    const { library, folder, driver } = this;
    const file = path.join(folder, 'faults');
    new Control(file).close(); // it has to be there when the process begins
    this.#child = fork(path.join(__dirname, 'talker.js'), [JSON.stringify({ folder })], {
      env: {
        ...process.env,
        LD_PRELOAD: library,
        FERRIPC_FAULTS: file,
        FERRIPC_DRIVER: driver === 'tokio' ? 'tokio' : '',
      },
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.said = '';
    this.#child.stderr.setEncoding('utf8').on('data', (text) => {
      this.#child.said = (this.#child.said + text).slice(-4000);
    });
  }

  /** What comes of a case; `wrong` is a list of texts. */
  async play(fault) {
    if (this.#child === null) this.#begin();
    const child = this.#child;
    return new Promise((resolve) => {
      const settle = (result) => {
        clearTimeout(timer);
        child.removeAllListeners('message').removeAllListeners('exit');
        resolve(result);
      };
      const timer = setTimeout(() => {
        this.end();
        settle({ wrong: [`hangs: nothing for ${this.watchdog / 1000} s`] });
      }, this.watchdog);
      child.once('message', (result) => {
        if (result.wrong.length > 0) this.end(); // what is left of it is not the next case's
        settle(result);
      });
      child.once('exit', (code, signal) => {
        this.#child = null;
        settle({ wrong: [`the process has ended with ${code ?? signal}: ${child.said}`] });
      });
      child.send(fault);
    });
  }

  end() {
    this.#child?.removeAllListeners('exit');
    this.#child?.kill('SIGKILL');
    this.#child = null;
  }
}

/** All cases of a transport, from the calls that a talk without faults makes: at most `most` of each call. */
function cases(transport, driver, counts, most) {
  const list = [];
  for (const [call, count] of Object.entries(counts)) {
    const isPart =
      PARTS[driver].includes(call) && !(call === 'recv' && READ_BY_TASKS.includes(transport));
    const errors = [...(ERRORS[call] ?? []), ...(isPart ? ['PART'] : [])];
    for (const error of errors)
      for (const first of spread(count, most)) list.push({ transport, call, error, first });
  }
  return list;
}

/** `most` numbers below `count`: the first of them, and some of the rest. */
function spread(count, most) {
  if (count <= most) return Array.from({ length: count }, (_, i) => i);
  const near = Math.ceil(most / 2);
  const numbers = Array.from({ length: near }, (_, i) => i);
  for (let i = 0; i < most - near; i++)
    numbers.push(near + Math.floor(((count - near) * i) / (most - near)));
  return numbers;
}

/** Calls that fail for as long as there is too little of something: with each of these errors. */
const OUTAGES = {
  EMFILE: [
    ...['socket', 'accept4', 'epoll_create1', 'eventfd', 'fcntl', 'open64', 'mq_open'],
    'memfd_create',
  ],
  ENOMEM: [
    ...['socket', 'connect', 'accept4', 'epoll_ctl', 'mq_open', 'memfd_create', 'mmap'],
    ...['send', 'sendmsg', 'sendto', 'sendmmsg', 'recv', 'recvmsg', 'recvmmsg'],
  ],
  ENOBUFS: ['socket', 'connect', 'send', 'sendmsg', 'sendto', 'setsockopt'],
  EAGAIN: ['pthread_create'],
  EROFS: ['bind', 'unlink', 'open64', 'chmod', 'fchmod'],
};

/** One error for each call, by chance, with seed after seed. */
function mixtures(transport, count, firstSeed) {
  return Array.from({ length: count }, (_, i) => {
    const seed = firstSeed + i;
    const mixed = Object.fromEntries(
      Object.entries(ERRORS)
        .filter(([, errors]) => errors.length > 0)
        .map(([call, errors]) => [call, errors[seed % errors.length]]),
    );
    return { transport, mixed, seed, oneIn: [10, 30, 100][seed % 3] };
  });
}

/** `when`: see talker.js. */
const outages = (transport, when) =>
  Object.entries(OUTAGES).map(([error, calls]) => ({
    transport,
    when,
    mixed: Object.fromEntries(calls.map((call) => [call, error])),
    seed: 1,
    oneIn: 1,
  }));

/** Memory is short for the I/O thread's watch when a client disconnects with something left to send. */
const partings = (transport) =>
  ['unix', 'tcp', 'tls'].includes(transport)
    ? [{ transport, when: 'parting', mixed: { epoll_ctl: 'ENOMEM' }, seed: 1, oneIn: 1 }]
    : [];

/** What is wrong with what came of a case, or null. */
function verdict(result) {
  if (result.wrong.length > 0) return result.wrong.join('; ');
  if (result.done) {
    return result.connections > 1 && result.errors.length === 0
      ? 'a connection was lost, and nobody was told'
      : null;
  }
  if (result.started) return `does not come to an end: ${JSON.stringify(result.errors)}`;
  return result.errors.length > 0 ? null : 'did not start, and nobody was told';
}

/** Plays the cases of one transport; a row of the report. `onWrong` gets each that is not as it should be. */
async function play(talker, list, onWrong) {
  const row = {
    times: 0,
    'not noticed': 0,
    told: 0,
    'not reached': 0,
    codes: new Set(),
    wrong: [],
  };
  for (const fault of list) {
    const result = await talker.play(fault);
    const wrong = verdict(result);
    row.times++;
    if (wrong !== null) {
      row.wrong.push({ ...fault, is: wrong });
      onWrong(fault, wrong);
    } else if (result.failed === 0) row['not reached']++;
    else if (result.errors.length === 0) row['not noticed']++;
    else row.told++;
    for (const code of result.errors ?? []) row.codes.add(code);
  }
  return row;
}

module.exports = { ERRORS, Talker, cases, mixtures, outages, partings, play, verdict };

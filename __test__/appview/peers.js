'use strict';
// Both sides of AppView's protocol over plain message queues, with framing of their own: what the tests hold against
// the client and the server of ferripc. And the recordings of the real ones (docs/vectors/appview).

const fs = require('node:fs');
const path = require('node:path');
const mqueue = require('../../mqueue');
const { exists, remove } = require('../helpers/queues');

/** Generous: machines are busy. */
const PATIENCE = { timeout: 60_000 };

const names = (pid, prefix = 'AppViewIPC') => [`/${prefix}In.${pid}`, `/${prefix}Out.${pid}`];

/** Which of a process's queues there are. */
const left = (pid, prefix) => names(pid, prefix).filter(exists);

/** Cuts a text as the description says: as much as fits into each frame. */
function cut(text, size, metaOf, nul) {
  const frames = [];
  let rest = Buffer.from(text);
  for (;;) {
    const room = (more) => size - Buffer.byteLength(metaOf(more, rest.length)) - 1 - nul.length;
    const more = rest.length > room(false);
    const data = rest.subarray(0, room(more));
    frames.push(Buffer.concat([Buffer.from(`${metaOf(more, rest.length)}\0`), data, nul]));
    rest = rest.subarray(data.length);
    if (!more) return frames;
  }
}

const requestFrames = (text, uniq, size = 8192) =>
  cut(text, size, (more, n) => `{"req":${+more},"uniq":${uniq},"remain":${n}}`, Buffer.from([0]));

const responseFrames = (text, uniq, size = 8192) =>
  cut(
    text,
    size,
    (more, n) => `{"status":${more ? 206 : 200},"uniq":${uniq},"remain":${n}}`,
    Buffer.alloc(0),
  );

/** META and data of a frame; `data` null without a NUL. */
function parse(frame) {
  const nul = frame.indexOf(0);
  if (nul < 0) return { meta: JSON.parse(frame), data: null };
  return { meta: JSON.parse(frame.subarray(0, nul)), data: frame.subarray(nul + 1) };
}

/** The queues of all tests that run at the same time count for one user: waits until there is room for others. */
function patiently(make) {
  const end = Date.now() + PATIENCE.timeout;
  for (;;) {
    try {
      return make();
    } catch (error) {
      if (error.code !== 'EMFILE' || Date.now() > end) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

/** Who asks: has made both queues, which are gone after the test, or with `leave()`. */
class Asker {
  constructor(world, pid, prefix) {
    this.names = names(pid, prefix);
    const make = (name, options) =>
      patiently(() =>
        mqueue.open(name, { create: true, exclusive: true, mode: 0o666, ...options }),
      );
    this.input = make(this.names[0], { read: false });
    this.output = make(this.names[1], { write: false });
    world.after(() => this.leave());
  }

  leave() {
    this.input.close();
    this.output.close();
    this.names.forEach(remove);
  }

  async send(...frames) {
    for (const frame of frames) await this.input.send(frame, 0, PATIENCE);
  }

  async receive() {
    return (await this.output.receive(PATIENCE)).data;
  }

  /** The response to a request: `{status, text, frames}`. */
  async ask(text, uniq = 4711) {
    const sent = this.send(...requestFrames(text, uniq));
    const frames = [];
    for (;;) {
      frames.push(parse(await this.receive()));
      const { meta } = frames.at(-1);
      if (meta.uniq !== uniq) throw new Error(`uniq ${meta.uniq} instead of ${uniq}`);
      if (meta.status === 206) continue;
      await sent;
      return {
        status: meta.status,
        text: String(Buffer.concat(frames.map(({ data }) => data))),
        frames,
      };
    }
  }
}

/** Who is asked: opens the queues once they are there. */
async function answerer(world, pid, prefix) {
  const open = async (name, options) => {
    for (;;) {
      try {
        const queue = mqueue.open(name, options);
        world.after(() => queue.close());
        return queue;
      } catch (error) {
        if (error.code !== 'ENOENT') throw error;
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
  };
  const [inputName, outputName] = names(pid, prefix);
  const input = await open(inputName, { write: false });
  const output = await open(outputName, { read: false });
  return {
    input,
    output,
    /** The frames of the next request, and its text and number. */
    async request() {
      const frames = [];
      const texts = [];
      for (;;) {
        const { data: frame } = await input.receive(PATIENCE);
        const { meta, data } = parse(frame);
        frames.push(frame);
        if (data.at(-1) !== 0) throw new Error('no NUL at the end');
        texts.push(data.subarray(0, -1));
        if (meta.req === 0) {
          return { frames, uniq: meta.uniq, text: String(Buffer.concat(texts)) };
        }
      }
    },
    async send(...frames) {
      for (const frame of frames) await output.send(frame, 0, PATIENCE);
    },
    async answer(text, uniq) {
      await this.send(...responseFrames(text, uniq));
    },
  };
}

const recording = (name) =>
  fs
    .readFileSync(path.join(__dirname, '..', '..', 'docs', 'vectors', 'appview', name), 'utf8')
    .trim()
    .split('\n');

/** The literals of bytes in a line of Python. */
function literals(line) {
  return [...line.matchAll(/b'((?:[^'\\]|\\x..)*)'/g)].map(([, text]) =>
    Buffer.from(
      text.replace(/\\x00/g, '\0').replace(/\\x(..)/g, (it) => {
        throw new Error(it);
      }),
      'latin1',
    ),
  );
}

module.exports = {
  Asker,
  answerer,
  left,
  literals,
  names,
  parse,
  patiently,
  recording,
  requestFrames,
  responseFrames,
};

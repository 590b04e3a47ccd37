'use strict';
// The API fuzz of the systems beside node-ipc: objects of theirs are made, and their methods called with what they
// expect, or with something odd in its place. A call is `{op, k}`: the seed `k` chooses everything. Used by play.js.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { inspect } = require('node:util');
const { seeded } = require('../../helpers/random');
const { Left } = require('./left');
const { ODD } = require('./odd');
const { Stage, Thrown } = require('./stage');
const wild = require('./wild');

/** Most objects of one kind. */
const MOST = 3;

/** What all is closed after: no promise may be open for longer, no descriptor, and no process be there. */
const PATIENCE = 10_000;

/** What calls wait for something to be made. */
const LONG = 1000;

/** Codes that an error may have: those of the system, of Node, of ferripc and of ipc2. */
const CODES = /^(E[A-Z0-9]+|ERR_[A-Z0-9_]+|ABORT_ERR|OFFLINE|NO_WORKER|TIMEOUT|IO)$/;

const KINDS = {
  ipcio: () => require('./systems/ipcio'),
  ipc2: () => require('./systems/ipc2'),
  pixivutil2: () => require('./systems/pixivutil2'),
  mqueue: () => require('./systems/mqueue'),
  appview: () => require('./systems/appview'),
};

class SystemsWorld extends Stage {
  #kinds;
  #live = [];
  #promises = new Set();
  #making = new Set();
  #last = 0;
  #before = new Left();
  /** What was called, for those who read of it. */
  #called = '';

  constructor(sequence) {
    super(sequence);
    /** Whether processes misbehave, where there are such: see wild.js. */
    this.wild = Boolean(sequence.wild && wild.program());
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-fuzz-'));
    this.#kinds = KINDS[sequence.transport]();
  }

  /** A text that no other call has. */
  get next() {
    return `${process.pid}-${this.#last++}`;
  }

  perform({ op, k }) {
    const random = seeded(k);
    const pick = (list) => list[random(list.length)];
    const later = () => this.act({ op: pick(['make', 'call']), k: random(2 ** 30) });
    if (op === 'rejects') return Promise.reject(new Thrown(op));
    if (op === 'later') return void setImmediate(later);
    if (op === 'soon') return void process.nextTick(later);
    if (op === 'micro') return void Promise.resolve().then(later);
    if (op === 'make') return this.#make(pick, random);
    return this.#call(pick, random);
  }

  #make(pick, random) {
    const [name, kind] = pick(Object.entries(this.#kinds).filter(([, { make }]) => make));
    if (this.#live.filter((it) => it.kind === kind).length >= MOST) return undefined;
    const args = this.#odd(kind.make(this, pick, random), pick, random);
    this.#called = `${name}(${args.map(short).join(', ')})`;
    const made = kind.from(...args);
    if (typeof made?.then !== 'function') return this.adopt(name, made);
    const adopted = made.then((object) => this.adopt(name, object));
    const over = () => this.#making.delete(adopted);
    this.#making.add(adopted);
    adopted.then(over, over);
    return adopted;
  }

  /** Resolves when everything is there that is being made, or will not be, or takes long. */
  made() {
    return within(LONG, Promise.allSettled([...this.#making]));
  }

  /** Something to call methods of: `name` is its kind. */
  adopt(name, object) {
    const kind = this.#kinds[name];
    if (!this.open) return kind.close(object);
    this.#live.push({ kind, object });
    for (const event of kind.events ?? []) {
      object.on(event, (...args) => {
        if (event === 'error') this.check(args[0]);
        this.react();
      });
    }
    return undefined;
  }

  #call(pick, random) {
    if (this.#live.length === 0) return undefined;
    const { kind, object } = pick(this.#live);
    const name = pick(namesOf(kind));
    const args = this.#odd(kind.methods[name](this, pick, random), pick, random);
    this.#called = `${name}(${args.map(short).join(', ')})`;
    const method = kind.extra?.[name] ?? ((it, ...rest) => it[name](...rest));
    const result = method(object, ...args);
    const made = kind.makes?.[name];
    if (made && typeof result?.then === 'function')
      return result.then((it) => this.adopt(made, it));
    if (made && result) this.adopt(made, result);
    return result;
  }

  /** The arguments, one of which may be something else, or be missing. */
  #odd(args, pick, random) {
    const how = random(8);
    if (how > 1) return args;
    if (how === 1) return args.slice(0, random(args.length + 1));
    const put = pick(ODD);
    return args.length > 0 ? args.with(random(args.length), put) : [put];
  }

  check(error, call) {
    if (error instanceof Thrown) return;
    if (error?.code !== 'TIMEOUT') super.check(error, call); // whose text is ipc2's
    const isRight =
      error instanceof Error && (error.code === undefined || CODES.test(codeOf(error)));
    if (!isRight) this.blame(error, call);
  }

  await(promise, call) {
    const entry = { call, called: this.#called };
    this.#promises.add(entry);
    const over = () => this.#promises.delete(entry);
    promise.then(over, over);
    entry.promise = promise;
  }

  async close() {
    this.open = false;
    // Backwards: who asks goes before who is asked.
    for (const { kind, object } of this.#live.reverse()) await kind.close(object);
    await within(PATIENCE, Promise.allSettled([...this.#promises].map((it) => it.promise)));
    for (const { call, called } of this.#promises)
      this.wrong.push(`never settled: ${called} ${JSON.stringify(call)}`);
    for (const { after } of Object.values(this.#kinds)) after?.(this);
    const left = await this.#before.settled(PATIENCE);
    if (left.length > 0) this.wrong.push(`left behind: ${left.join(', ')}`);
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Waits for a promise, but no longer than `ms`. */
async function within(ms, promise) {
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([promise, late]);
  clearTimeout(timer);
}

/** The methods of a kind to choose from: some more often than others. */
const namesOf = ({ methods, often = {} }) =>
  Object.keys(methods).flatMap((name) => Array(often[name] ?? 1).fill(name));

const short = (value) => inspect(value, { depth: 1, maxStringLength: 20, breakLength: Infinity });

/** An AbortError has a number, too. */
const codeOf = ({ name, code }) => (name === 'AbortError' ? 'ABORT_ERR' : String(code));

module.exports = { SYSTEMS: Object.keys(KINDS), SystemsWorld };

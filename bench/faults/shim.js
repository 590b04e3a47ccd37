'use strict';
// What makes system calls fail: shim.c, compiled, and the file by which a process is told which. Used by the parts of
// `npm run faults` and by faults.test.js. Linux alone, with a C compiler.
//
//   const shim = compile(folder);            the library, or a text that says why there is none
//   const control = new Control(file);       the process has `LD_PRELOAD: shim`, `FERRIPC_FAULTS: file`
//   control.arm({ call: 'accept4', error: 'EMFILE', first: 2 });

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const SOURCE = path.join(__dirname, 'shim.c');

/** The calls, in the order of shim.c, which is read for it. */
const CALLS = [
  ...fs
    .readFileSync(SOURCE, 'utf8')
    .match(/#define CALLS\(X\)[^]*?\n\n/)[0]
    .matchAll(/ X\((\w+)\)/g),
].map(([, name]) => name);

const PLACES = 64;
const WORDS = ['call', 'first', 'times', 'error', 'seed', 'oneIn', 'failed', 'shift'];
const [COUNTS, MIXED] = [WORDS.length, WORDS.length + PLACES];
const SIZE = (WORDS.length + 2 * PLACES) * 4;
const ANY = 0xffff_ffff;

/** `{library}`, or `{missing}`: why calls cannot be made to fail here. */
function compile(folder) {
  if (process.platform !== 'linux')
    return { missing: 'system calls are made to fail on Linux alone' };
  const library = path.join(folder, 'shim.so');
  const args = ['-O2', '-Wall', '-shared', '-fPIC', '-o', library, SOURCE, '-ldl'];
  const { status, error, stderr } = spawnSync(process.env.CC || 'cc', args, { encoding: 'utf8' });
  if (error) return { missing: 'there is no C compiler' };
  if (status !== 0) throw new Error(`the C compiler says:\n${stderr}`);
  return { library };
}

const errnoOf = (name) => (name === 'PART' ? 0 : os.constants.errno[name]);

/** What the shim is told, and what it has counted. */
class Control {
  #file;

  constructor(file) {
    this.#file = fs.openSync(file, 'a+');
    fs.closeSync(this.#file);
    this.#file = fs.openSync(file, 'r+');
    fs.ftruncateSync(this.#file, SIZE);
  }

  #set(word, value) {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(value | 0);
    fs.writeSync(this.#file, bytes, 0, 4, word * 4);
  }

  #get(word) {
    const bytes = Buffer.alloc(4);
    fs.readSync(this.#file, bytes, 0, 4, word * 4);
    return bytes.readUInt32LE();
  }

  #prepare(values) {
    for (let i = 0; i < PLACES; i++) this.#set(COUNTS + i, 0);
    for (const [name, value] of Object.entries({ failed: 0, ...values }))
      this.#set(WORDS.indexOf(name), value);
  }

  /** Counts from now on; nothing fails. */
  count() {
    this.disarm();
    this.#prepare({});
  }

  /** From the `first` such call (from 0) on, `times` of them fail with `error`; 'PART': they do half of it. */
  arm({ call, error, first = 0, times = 1 }) {
    this.disarm();
    this.#prepare({ first, times, error: errnoOf(error) });
    this.#set(0, CALLS.indexOf(call) + 1);
  }

  /** Of these calls, `{call: error}`, one in `oneIn` fails, by chance. */
  mix({ errors, oneIn, seed }) {
    this.disarm();
    this.#prepare({ oneIn, seed });
    for (let i = 0; i < PLACES; i++)
      this.#set(MIXED + i, errors[CALLS[i]] ? errnoOf(errors[CALLS[i]]) : 0);
    this.#set(0, ANY);
  }

  disarm() {
    this.#set(0, 0);
  }

  /** Shifts the wall clock, in seconds. */
  shift(seconds) {
    this.#set(WORDS.indexOf('shift'), seconds);
  }

  /** How many calls have failed. */
  get failed() {
    return this.#get(WORDS.indexOf('failed'));
  }

  /** How often each was called since it was counted or armed. */
  counts() {
    const entries = CALLS.map((name, i) => [name, this.#get(COUNTS + i)]);
    return Object.fromEntries(entries.filter(([, count]) => count > 0));
  }

  close() {
    fs.closeSync(this.#file);
  }
}

module.exports = { CALLS, Control, compile };

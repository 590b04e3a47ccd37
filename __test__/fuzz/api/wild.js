'use strict';
// Workers of ipc2 that misbehave at random, for the API fuzz: fixtures/ipc2-wild-worker.c, compiled on first use into a
// temporary folder. Used by run.js, which tells play.js of it by a variable, and by systems/ipc2.js there.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

/** Where a process that plays sequences is told of the worker; without it, all workers are those of JavaScript. */
const VARIABLE = 'FERRIPC_FUZZ_WORKER';

const SOURCE = path.join(__dirname, '..', '..', 'fixtures', 'ipc2-wild-worker.c');

let folder = null;
let environment = null;

/** @throws {Error} that says why there is none */
function compile() {
  if (process.platform !== 'linux') throw new Error('they run on Linux');
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-fuzz-'));
  const program = path.join(folder, 'ipc2-wild-worker');
  const compiler = process.env.CC ?? 'cc';
  const { error, status, stderr } = spawnSync(compiler, ['-O1', '-o', program, SOURCE]);
  if (error) throw new Error(`no C compiler: ${error.message}`);
  if (status !== 0) throw new Error(`${compiler} ended with ${status}: ${stderr}`);
  return program;
}

/** The environment of a process that plays `sequences`. The first time that there is no worker for them, that is said. */
function environmentOf(sequences) {
  if (!sequences.some(({ wild }) => wild)) return process.env;
  if (environment === null) {
    try {
      environment = { ...process.env, [VARIABLE]: compile() };
    } catch ({ message }) {
      environment = process.env;
      console.error(`ipc2 is played without workers that misbehave: ${message}`);
    }
  }
  return environment;
}

/** To be called at the end. */
function remove() {
  if (folder !== null) fs.rmSync(folder, { recursive: true, force: true });
  folder = environment = null;
}

/** The worker's program; undefined if there is none. */
const program = () => process.env[VARIABLE];

module.exports = { environmentOf, program, remove };

'use strict';
// Plays the conformance checks on one runtime, in a process of its own that may crash or hang, and holds what
// happened against known.js. Used by conformance.test.js and by scripts/runtimes.js.

const { spawn } = require('node:child_process');
const path = require('node:path');
const readline = require('node:readline');
const known = require('./known');

const RUN = path.join(__dirname, 'run.js');

/** A process that says nothing for so long hangs, ms; above what run.js allows for one check. */
const PATIENCE = 120_000;

const STARTS = 'the checks can be loaded';
const ENDS = 'the process of the checks ends by itself';

/** One process, from the check after `skip` on. Resolves with what it said and how it ended. */
function run([command, ...first], skip, env) {
  const child = spawn(command, [...first, RUN, JSON.stringify([skip])], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const seen = { about: null, results: [], running: null, done: false, stderr: '' };
  let timer;
  const listen = () => {
    clearTimeout(timer);
    timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
  };
  listen();
  child.stderr.setEncoding('utf8').on('data', (text) => (seen.stderr += text));
  readline.createInterface({ input: child.stdout }).on('line', (line) => {
    listen();
    const value = JSON.parse(line);
    if (value.runtime) seen.about = value;
    else if (value.start) seen.running = value.start;
    else if (value.done) seen.done = true;
    else {
      seen.results.push(value);
      seen.running = null;
    }
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ ...seen, ended: signal ?? code });
    });
  });
}

/**
 * `command`: a program and its first arguments. Resolves with `{runtime, version, driver, results}`,
 * where a result is `{name, status, reason?}` and a status 'passed', 'failed', 'known' (a failure that
 * is known), 'fixed' (it is known to fail, but passed) or 'unsupported'. A check that crashes or hangs
 * its process has failed; the next process goes on after it.
 */
async function play(command, env = {}) {
  const results = [];
  let about = null;
  for (;;) {
    const seen = await run(command, results.length, env);
    about ??= seen.about ?? {};
    results.push(...seen.results);
    const reason = `ended with ${seen.ended} ${seen.stderr}`;
    if (seen.done) {
      results.push(
        seen.ended === 0
          ? { name: ENDS, status: 'passed' }
          : { name: ENDS, status: 'failed', reason },
      );
      break;
    }
    results.push({ name: seen.running ?? STARTS, status: 'failed', reason });
    if (seen.running === null) break;
  }
  return { ...about, results: results.map((result) => judge(result, about.runtime)) };
}

function judge(result, runtime) {
  const entry = known.find(
    (each) => ['*', runtime].includes(each.runtime) && result.name.startsWith(each.check),
  );
  if (entry === undefined || result.status === 'unsupported') return result;
  return result.status === 'failed'
    ? { ...result, status: 'known', reason: entry.reason }
    : { ...result, status: 'fixed', reason: `known to fail: ${entry.reason}` };
}

module.exports = { play };

'use strict';

// Runs sample.js for one sample and cleans up after it whatever happens. Used by run.js.

const { spawn } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { anonymous } = require('./machine.js');
const { canTakeTurns, Turns } = require('./turns.js');

const SAMPLE = path.join(__dirname, '..', 'sample.js');
/** Enough to say what went wrong. */
const ERROR_CHARACTERS = 600;

const running = new Set();

function kill(child) {
  try {
    // The child leads a process group of its own (detached), which its server belongs to.
    process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGKILL');
  } catch {
    // already gone
  }
}

/** For the end of the run by a signal: no process and no directory may stay behind. */
function killRunningSamples() {
  for (const { child, dir } of running) {
    kill(child);
    fs.rmSync(dir, { recursive: true, force: true });
  }
}

function result(stdout, stderr, ending, elapsedMs) {
  if (ending === 'time limit') {
    return { status: 'time limit', elapsedMs };
  }
  try {
    const { values } = JSON.parse(stdout);
    return { status: 'ok', values, elapsedMs };
  } catch {
    const reason = stderr.replace(/\s+/g, ' ').trim() || `ended with ${ending}`;
    return { status: 'failed', reason: anonymous(reason).slice(0, ERROR_CHARACTERS), elapsedMs };
  }
}

/**
 * `turns`: the other sample that runs at the same time takes them with this one.
 * @param {{workload: string, peer: string, quick: boolean, cores: string[], timeLimitMs: number}} spec `cores`:
 *   none, one for both processes, or the client's and the server's
 * @returns {Promise<{status: 'ok' | 'failed' | 'time limit', values?: object, reason?: string}>}
 */
function spawnSample({ workload, peer, quick, cores, timeLimitMs }, turns = null) {
  const [core, serverCore] = cores;
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-bench-'));
  const sample = [SAMPLE, workload, peer, '--json', '--dir', dir, ...(quick ? ['--quick'] : [])];
  if (serverCore !== undefined) {
    sample.push('--server-core', serverCore);
  }
  const stopped = path.join(dir, 'stopped-ms');
  if (turns !== null) {
    sample.push('--stopped', stopped);
    timeLimitMs *= 2;
  }
  const [file, ...args] =
    core === undefined
      ? [process.execPath, ...sample]
      : ['taskset', '-c', core, process.execPath, ...sample];

  return new Promise((resolve) => {
    const startedAt = performance.now();
    const child = spawn(file, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const entry = { child, dir };
    running.add(entry);
    turns?.add(child.pid, stopped);
    let stdout = '';
    let stderr = '';
    let timedOut = false;
    child.stdout.setEncoding('utf8').on('data', (chunk) => (stdout += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk) => (stderr += chunk));

    const timer = setTimeout(() => {
      timedOut = true;
      kill(child);
    }, timeLimitMs);
    child.on('error', (error) => (stderr += error.message));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      running.delete(entry);
      turns?.remove(child.pid);
      kill(child); // a server that outlived its client
      fs.rmSync(dir, { recursive: true, force: true });
      const ending = timedOut ? 'time limit' : signal || `code ${code}`;
      resolve(result(stdout, stderr, ending, Math.round(performance.now() - startedAt)));
    });
  });
}

/** As spawnSample for several, which run in turns where that is possible, and otherwise one after the other. */
async function spawnInTurns(specs) {
  if (canTakeTurns) {
    const turns = new Turns();
    return Promise.all(specs.map((spec) => spawnSample(spec, turns)));
  }
  const results = [];
  for (const spec of specs) results.push(await spawnSample(spec));
  return results;
}

module.exports = { spawnSample, spawnInTurns, killRunningSamples };

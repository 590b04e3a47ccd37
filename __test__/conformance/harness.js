'use strict';
// What the conformance checks are written with: no jest, so that any runtime can play them. Each file of
// checks/ registers its checks; run.js runs them. world.js gives each its places, servers and clients.

const { createWorld } = require('../helpers/world');

/** A check that takes longer has failed: something that it waits for does not come. */
const PATIENCE = 60_000;

const checks = [];

/** Registers a check: it passes if `run(world)` resolves. */
function check(name, run) {
  checks.push({ name, run });
}

/** Thrown by a check: what it checks does not exist here, which is not a failure. */
class Unsupported extends Error {}

/** For checks of what Windows does not have. */
function needUnix(what) {
  if (process.platform === 'win32') throw new Unsupported(`Windows has no ${what}`);
}

/** Rejects with what nothing else catches while a check runs. */
function surfacing() {
  let stop;
  const surfaced = new Promise((resolve, reject) => {
    process.on('uncaughtException', reject);
    process.on('unhandledRejection', reject);
    const timer = setTimeout(reject, PATIENCE, new Error(`still waiting after ${PATIENCE} ms`));
    stop = () => {
      clearTimeout(timer);
      process.removeListener('uncaughtException', reject);
      process.removeListener('unhandledRejection', reject);
    };
  });
  return { surfaced, stop };
}

/** What only the native binary can do, on the engine in JavaScript. */
const isWithoutBinary = ({ code }) =>
  process.env.FERRIPC_DRIVER === 'js' && code === 'ERR_FERRIPC_NO_BINARY';

/** Runs one check. Resolves with `{status: 'passed' | 'failed' | 'unsupported', reason?}`. */
async function runCheck({ run }) {
  const cleanUps = [];
  const { surfaced, stop } = surfacing();
  const finish = async (act) => void (await Promise.race([act(), surfaced]));
  let result = { status: 'passed' };
  const note = (error) => {
    if (result.status !== 'passed') return;
    const reason = String(error?.stack ?? error);
    result =
      error instanceof Unsupported || isWithoutBinary(error)
        ? { status: 'unsupported', reason: error.message }
        : { status: 'failed', reason };
  };
  await finish(() => run(createWorld((cleanUp) => cleanUps.push(cleanUp)))).catch(note);
  for (const cleanUp of cleanUps) await finish(cleanUp).catch(note);
  stop();
  return result;
}

module.exports = { check, checks, needUnix, runCheck, Unsupported };

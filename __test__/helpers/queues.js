'use strict';
// Names of message queues and numbers of processes that no other test has, and what is left of them.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const mqueue = require('../../mqueue');

let last = 0;

/** A number. Where that is allowed, there is no limit. */
function next() {
  if (last === 0) unlimited();
  return ++last;
}

/** All queues of a user count together, those of other tests too: where that is allowed, this process has no limit. */
function unlimited() {
  sweep();
  spawnSync('prlimit', ['--pid', String(process.pid), '--msgqueue=unlimited:unlimited']);
}

/**
 * Each process has a file here with the names of its queues, since not every system shows which there are: those of a process
 * that was killed stay, and count.
 */
const NOTES = path.join(os.tmpdir(), 'ferripc-test-queues');

/** Writes down names that this process may use. */
function note(...names) {
  fs.mkdirSync(NOTES, { recursive: true });
  fs.appendFileSync(path.join(NOTES, String(process.pid)), names.map((it) => `${it}\n`).join(''));
}

/** Removes what is left of processes that are gone. */
function sweep() {
  for (const pid of fs.existsSync(NOTES) ? fs.readdirSync(NOTES) : []) {
    if (isAlive(Number(pid))) continue;
    const file = path.join(NOTES, pid);
    for (const name of fs.readFileSync(file, 'utf8').split('\n')) if (name) remove(name);
    fs.rmSync(file, { force: true });
  }
}

/** Whether there is such a process, whoever's it is. */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}

/** A name for a queue, which is gone after the test. */
function queueName(world) {
  const name = `/ferripc-${process.pid}-${next()}`;
  note(name);
  world.after(() => remove(name));
  return name;
}

/** A number that no process has, to be asked by AppView's clients. */
function nobody() {
  const pid = 2 ** 30 + (process.pid % 2 ** 20) * 512 + next();
  const prefixes = ['AppViewIPC', 'ScopeIPC'];
  note(...prefixes.flatMap((it) => [`/${it}In.${pid}`, `/${it}Out.${pid}`]));
  return pid;
}

function remove(name) {
  try {
    mqueue.unlink(name);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}

/** Whether there is a queue of this name. */
function exists(name) {
  try {
    mqueue.open(name).close();
    return true;
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return false;
  }
}

module.exports = { exists, nobody, note, queueName, remove, sweep, unlimited };

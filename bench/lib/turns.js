'use strict';

// Lets two samples run in turns of a few milliseconds, so that whatever else the machine does falls on both alike:
// one process group is stopped (SIGSTOP) while the other runs. Used by spawn-sample.js for `--against`.
//
// A sample learns from a file how long it has been stopped so far, and leaves that time out.

const fs = require('fs');

/** Long against what a switch costs (the processor's caches), short against what disturbs. */
const TURN_MS = 20;

/** Not on Windows, which cannot stop processes. */
const canTakeTurns = process.platform !== 'win32';

function signal(pid, name) {
  try {
    process.kill(-pid, name);
  } catch {
    // already gone
  }
}

class Turns {
  /** `{pid, file, stoppedAt, total}` of each process group; the first one runs. */
  #groups = [];
  #timer = null;

  /** Takes the group that `pid` leads in. It may write nothing to `file`, and read it. */
  add(pid, file) {
    const group = { pid, file, stoppedAt: 0, total: 0 };
    this.#groups.push(group);
    if (this.#groups.length === 1) return;
    this.#stop(group);
    this.#timer ??= setInterval(() => this.#next(), TURN_MS);
  }

  /** It has ended. */
  remove(pid) {
    const [first] = this.#groups;
    this.#groups = this.#groups.filter((group) => group.pid !== pid);
    if (this.#groups.length <= 1) {
      clearInterval(this.#timer);
      this.#timer = null;
    }
    const [next] = this.#groups;
    if (next !== undefined && next !== first) this.#go(next);
  }

  #next() {
    const running = this.#groups.shift();
    this.#groups.push(running);
    this.#stop(running);
    this.#go(this.#groups[0]);
  }

  #stop(group) {
    group.stoppedAt = performance.now();
    signal(group.pid, 'SIGSTOP');
  }

  #go(group) {
    group.total += performance.now() - group.stoppedAt;
    fs.writeFileSync(group.file, String(group.total));
    signal(group.pid, 'SIGCONT');
  }
}

/** How many ms this sample has been stopped, by its file; 0 without one. */
function stoppedMs(file) {
  try {
    return Number(fs.readFileSync(file, 'utf8'));
  } catch {
    return 0; // never so far
  }
}

module.exports = { canTakeTurns, stoppedMs, Turns };

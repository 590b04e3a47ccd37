'use strict';
// Programs in Python that play peers of other makes: a process that takes commands and answers them, by lines of JSON.
// scripts/python.js installs their packages.

const { PYTHON, env, has } = require('../../scripts/python');

/** Why a package is not available here; null if it is. */
function missing(name) {
  return has(name)
    ? null
    : `${PYTHON} has no ${name}, and \`node scripts/python.js\` did not get it`;
}

/** A script: says a line when it is there, then answers each command with a line. */
class Python {
  #child;
  #last;

  constructor(world, script) {
    this.#child = world.child(script, null, { runtime: [PYTHON], env });
    this.#last = this.#child.next();
  }

  /** Calls a function of the script; resolves with what it returns. */
  call(command, ...args) {
    this.#child.tell(JSON.stringify([command, ...args]));
    const answer = this.#last.then(() => this.#child.next());
    this.#last = answer.catch(() => {});
    return answer;
  }

  kill() {
    this.#child.process.kill('SIGKILL');
    return this.#child.exited;
  }
}

module.exports = { Python, missing };

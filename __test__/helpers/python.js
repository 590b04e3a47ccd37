'use strict';
// Programs in Python that play peers of other makes: a process that takes commands and answers them, by lines of JSON.
// `FERRIPC_TEST_PYTHON` names the interpreter, if it is not `python3`.

const { spawnSync } = require('node:child_process');

const PYTHON = process.env.FERRIPC_TEST_PYTHON ?? 'python3';

/** Why a module is not available here; null if it is. `name`: that of its package, if it differs. */
function missing(module, name = module) {
  const { status } = spawnSync(PYTHON, ['-c', `import ${module}`]);
  if (status === 0) return null;
  return `${PYTHON} has no ${name}: pip install ${name}; FERRIPC_TEST_PYTHON names another Python`;
}

/** A script: says a line when it is there, then answers each command with a line. */
class Python {
  #child;
  #last;

  constructor(world, script) {
    this.#child = world.child(script, null, { runtime: [PYTHON] });
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

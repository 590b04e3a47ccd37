'use strict';
// The Python packages of __test__/helpers/python.txt, libzmq and POSIX message queues, with which tests play peers that are
// none of ferripc's. Run by `npm test` before the tests; they find them by what this file exports.
//
//   node scripts/python.js     installs below node_modules what the interpreter does not have, if that can be done, and
//                              says what is there
//
// `FERRIPC_TEST_PYTHON` names the interpreter, if it is not `python3`. With FERRIPC_PYTHON=required, as in ci.yml, it fails on
// Linux if a package cannot be had; otherwise the tests are skipped, and say why.

const { spawnSync } = require('node:child_process');
const path = require('node:path');

const root = path.join(__dirname, '..');
const PYTHON = process.env.FERRIPC_TEST_PYTHON ?? 'python3';
const LIST = path.join(root, '__test__', 'helpers', 'python.txt');
const FOLDER = path.join(root, 'node_modules', '.cache', 'ferripc-python');
/** What each package is imported as. */
const MODULES = { pyzmq: 'zmq', posix_ipc: 'posix_ipc' };

/** What a process needs in its environment to find the packages. */
const env = {
  PYTHONPATH: [FOLDER, process.env.PYTHONPATH].filter(Boolean).join(path.delimiter),
};

function python(args) {
  const options = { env: { ...process.env, ...env }, encoding: 'utf8', timeout: 300_000 };
  return spawnSync(PYTHON, args, options);
}

/** Whether a package can be imported. */
const has = (name) => python(['-c', `import ${MODULES[name]}`]).status === 0;

/** Installs the packages, each by its hash and with nothing built. Returns why not, if that fails. */
function install() {
  const safe = ['--no-deps', '--only-binary=:all:', '--require-hashes', '-r', LIST];
  const options = ['--quiet', '--disable-pip-version-check', '--upgrade', '--target', FOLDER];
  const { status, stderr, error } = python(['-m', 'pip', 'install', ...options, ...safe]);
  if (status === 0) return null;
  return error?.message ?? stderr.trim().split('\n').at(-1);
}

function main() {
  const names = Object.keys(MODULES);
  let problem = 'it is not installed';
  if (process.platform !== 'win32' && !names.every(has)) problem = install() ?? problem;
  for (const name of names) {
    const found = has(name);
    console.log(`${name}: ${found ? 'there' : `none (${problem})`}`);
    if (!found && process.env.FERRIPC_PYTHON === 'required' && process.platform === 'linux') {
      process.exitCode = 1;
    }
  }
}

if (require.main === module) main();

module.exports = { PYTHON, env, has };

'use strict';
// `test` for what needs the rights of root: elsewhere it is skipped, and its title says why.

const { spawnSync } = require('node:child_process');

/** Whether a program may be run by way of a command. */
const mayRun = ([command, ...words], program = ['true']) =>
  spawnSync(command, [...words, ...program]).status === 0;

const unless = (why) =>
  why === null ? test : (name, ...rest) => test.skip(`${name} (${why})`, ...rest);

const isRoot = process.getuid?.() === 0;

/** What can be done by root alone. */
const rootTest = unless(isRoot ? null : 'it needs root');

/** Runs a program where no other queues count: as a user of its own, and with queues of its own. */
const ALONE = [
  ...['unshare', '--ipc', 'setpriv', `--reuid=${2 ** 20 + process.pid}`, '--clear-groups'],
];

const load = [process.execPath, '-e', `require(${JSON.stringify(require.resolve('../..'))})`];

/** For programs that are run by way of ALONE. */
const aloneTest = unless(
  isRoot && mayRun(ALONE, load)
    ? null
    : 'it needs root, namespaces, and a folder that all may read',
);

module.exports = { ALONE, aloneTest, mayRun, rootTest };

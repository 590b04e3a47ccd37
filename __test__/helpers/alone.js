'use strict';
// `test` for what needs other rights or a place of its own: where these are not to be had it is skipped, and its title says
// why.

const { spawnSync } = require('node:child_process');

/** Whether a program may be run by way of a command. */
const mayRun = ([command, ...words]) => spawnSync(command, [...words, 'true']).status === 0;

const unless = (why) =>
  why === null ? test : (name, ...rest) => test.skip(`${name} (${why})`, ...rest);

const isRoot = process.getuid?.() === 0;

/** Where the queues of no other process count: neither for this user, nor for the system. */
const ALONE = ['unshare', '--user', '--map-root-user', '--ipc'];

/** What can be done by root alone. */
const rootTest = unless(isRoot ? null : 'it needs root');

/** For processes that are run by way of ALONE. It has to be root, for whose own limit they count, too. */
const aloneTest = unless(
  isRoot && mayRun(ALONE) ? null : `it needs root, and \`${ALONE.join(' ')}\``,
);

module.exports = { ALONE, aloneTest, mayRun, rootTest };

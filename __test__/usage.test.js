'use strict';
// What contributors' commands say when they are asked, and when they are called in a way that they do not know.

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { scripts } = require('../package.json');

const COMMANDS = [
  'bench:sizes',
  'faults',
  'fuzz',
  'soak',
  'soak:systems',
  'test',
  'test:crate',
  'test:memcheck',
  'test:panics',
  'test:sanitizers',
];

/** Runs one, as npm does. */
function run(command, ...args) {
  const [, file] = scripts[command].split(' ');
  const options = { cwd: path.join(__dirname, '..'), encoding: 'utf8' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], options);
  return { status, stdout, stderr };
}

test.each(COMMANDS)('npm run %s -- --help', (command) => {
  const { status, stdout, stderr } = run(command, '--help');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(new RegExp(`npm (run )?${command}`));
});

test.each([
  ['faults', '--nothing', "Unknown option '--nothing'"],
  ['bench:sizes', '--nothing', "Unknown option '--nothing'"],
  ['test', 'server', "Unexpected argument 'server'"],
  ['test:crate', '--nothing', "Unknown option '--nothing'"],
  ['test:panics', '--only=unix', "Unknown option '--only'"],
  ['faults', '--only=nothing', 'An option has a value that is not known.'],
  ['fuzz', '--only=nothing', '--only nothing: rust, '],
  ['fuzz', '--minutes=0', '--minutes 0: not a number above 0'],
  ['test:sanitizers', 'nothing', 'no sanitizer nothing: miri, '],
])('npm run %s -- %s', (command, argument, message) => {
  const { status, stdout, stderr } = run(command, argument);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  const [first, , ...head] = stderr.split('\n');
  expect(first).toContain(message);
  expect(head.join('\n')).toBe(run(command, '--help').stdout);
});

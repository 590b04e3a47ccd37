'use strict';
// What contributors' commands say when they are asked, and when they are called in a way that they do not know.

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { scripts } = require('../package.json');

const COMMANDS = [
  'bench:appview',
  'bench:ipc2',
  'bench:queues',
  'bench:sizes',
  'build',
  'demo',
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
  return start(file, ...args);
}

function start(file, ...args) {
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
  ['bench:appview', '--seconds=0', '--seconds 0: not a number above 0'],
  ['bench:ipc2', '--rounds=few', '--rounds few: not a number above 0'],
  ['bench:queues', '--scale=-1', '--scale -1: not a number above 0'],
  ['build', '--nothing', "Unknown option '--nothing'"],
  ['demo', 'nothing', 'no part nothing: server, client'],
  ['faults', '--only=nothing', '--only nothing: it is one of processes, '],
  ['faults', '--driver=js', '--driver js: it is one of loop, tokio'],
  ['soak', '--clients=many', '--clients many: not a number above 0'],
  ['soak', '--bound=of', '--bound of: it is one of on, off'],
  ['soak:systems', '--system=udp', '--system udp: it is one of ipcio, '],
  ['fuzz', '--only=nothing', '--only nothing: it is one of rust, '],
  ['fuzz', '--minutes=0', '--minutes 0: not a number above 0'],
  ['test:sanitizers', 'nothing', 'no sanitizer nothing: miri, '],
])('npm run %s -- %s', (command, argument, message) => {
  const { status, stdout, stderr } = run(command, argument);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  const [first, , ...head] = stderr.split('\n');
  expect(first).toContain(message);
  expect(head.join('\n')).toBe(run(command, '--help').stdout);
});

/** Programs that count what they find would find nothing. */
test.each([
  ['__test__/fuzz/wire/run.js', '--frames=many', '--frames many: not a number above 0'],
  ['__test__/fuzz/wire/run.js', '--transport=pipe', '--transport pipe: it is one of unix, '],
  ['__test__/fuzz/api/run.js', '--sequences=0', '--sequences 0: not a number above 0'],
  ['__test__/fuzz/ipcio/run.js', '--minutes=few', '--minutes few: not a number above 0'],
])('node %s %s', (file, argument, message) => {
  const { status, stdout, stderr } = start(file, argument);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(message);
});

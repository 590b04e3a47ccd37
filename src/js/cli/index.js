'use strict';
// The program `ferripc`: finds the command that the command line names, and ends with its exit code. Called by
// bin/ferripc.js.
//
// Each command is a file of its own, loaded when it is asked for: `{ name, summary, synopsis, description, operands,
// options, examples, statuses, run }`. `run({ options, operands }, COMMANDS)` returns, or promises, an exit code or nothing for
// 0; it may throw a Failure of statuses.js. By then it has closed everything that it opened, so that the process ends.

const { note, outputFailure, prepare, print, printable } = require('./output');
const { FAILED, UsageError } = require('./statuses');
const { asksForHelp, hintOf, read } = require('./words');

/** Name -> what it does, in the order of the help. */
const SUMMARIES = {
  list: 'lists the sockets on this machine: alive or dead, and whose they are',
  tap: "prints a server's traffic, if the server allows it",
  send: 'sends a message',
  request: 'asks a question and prints the answer',
  serve: 'runs a server that prints what arrives',
  bench: 'measures round trips to a server that echoes',
  doctor: 'checks ferripc on this machine, and says what is wrong',
  completion: 'prints a script that completes these commands in your shell',
  help: 'explains a command',
};

const LOADERS = {
  list: () => require('./list'),
  tap: () => require('./tap'),
  send: () => require('./send'),
  request: () => require('./request'),
  serve: () => require('./serve'),
  bench: () => require('./bench'),
  doctor: () => require('./doctor'),
  completion: () => require('./completion'),
  help: () => require('./help'),
};

/** What there is, for the commands that tell of the others. */
const COMMANDS = { summaries: SUMMARIES, load, names: Object.keys(LOADERS) };

const has = (name) => Object.keys(LOADERS).includes(name);

/** @throws {UsageError} for an unknown name */
function load(name) {
  if (has(name)) return LOADERS[name]();
  const kind = name.startsWith('-') ? 'option' : 'command';
  const hint = hintOf(name, [...Object.keys(LOADERS), '--help', '--version']);
  throw new UsageError(`unknown ${kind} ${JSON.stringify(name)}${hint}`);
}

const version = {
  name: '--version',
  run: () => void print(require('../../../package.json').version),
};

async function run([name, ...words]) {
  if (name === undefined) throw new UsageError('which command?');
  if (name === '--help' || name === '-h') return load('help').run({ operands: words }, COMMANDS);
  const command = name === '--version' || name === '-v' ? version : load(name);
  if (command !== version && asksForHelp(words, command))
    return load('help').run({ operands: [name] }, COMMANDS);
  try {
    return await command.run(read(words, command), COMMANDS);
  } catch (error) {
    if (error instanceof UsageError) error.command = command;
    throw error;
  }
}

/** Runs the command, and makes the process end with its exit code. */
async function main(words) {
  try {
    if (has(words[0])) load(words[0]); // before there is output, which takes a descriptor where it is a pipe
    prepare();
    process.exitCode = (await run(words)) ?? process.exitCode ?? 0;
    await new Promise((resolve) => setTimeout(resolve)); // an error of the output comes in a later turn
    if (outputFailure() !== null) throw outputFailure();
  } catch (error) {
    process.exitCode = error?.status ?? FAILED;
    note(`ferripc: ${printable(error?.message ?? error)}`);
    if (error instanceof UsageError) note(`\n${require('./help').usage(error.command, COMMANDS)}`);
  }
}

module.exports = { COMMANDS, main };

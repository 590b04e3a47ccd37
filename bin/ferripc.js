#!/usr/bin/env node
'use strict';
// The command `ferripc`: see USAGE. Nothing of the library is loaded before a command asks for it, and this file is
// written so that every Node of the last ten years gets to the point where it is told that it is too old.

const OLDEST = 18;

const USAGE = `Usage: ferripc <command>

  doctor          shows what ferripc finds on this machine, and sends messages to itself by each transport
  doctor --json   the same for programs
  --version       the version of the package
  --help          this text

doctor ends with 0 if all is well, and with 1 if not.
`;

/** For each command, the words that may follow it, and what it does with those that do. */
const COMMANDS = {
  doctor: {
    words: ['--json'],
    run(words) {
      if (parseInt(process.versions.node, 10) < OLDEST) {
        const found = process.versions.node;
        const problem = `this is Node ${found}, and ferripc needs Node ${OLDEST} or later: install a newer one.`;
        const json = words.length > 0;
        const report = { runtime: { node: found }, problems: [problem], ok: false };
        process.stdout.write(json ? `${JSON.stringify(report)}\n` : `Problem: ${problem}\n`);
        process.exitCode = 1;
        return;
      }
      require('../src/js/diagnostics/doctor').run({ json: words.length > 0 });
    },
  },
  '--version': {
    words: [],
    run() {
      process.stdout.write(`${require('../package.json').version}\n`);
    },
  },
  '--help': {
    words: [],
    run() {
      process.stdout.write(USAGE);
    },
  },
};
COMMANDS['-v'] = COMMANDS['--version'];
COMMANDS['-h'] = COMMANDS['--help'];

function refuse(reason) {
  process.stderr.write(`ferripc: ${reason}\n\n${USAGE}`);
  process.exitCode = 2;
}

function main(words) {
  if (words.length === 0) {
    refuse('which command?');
    return;
  }
  const name = words[0];
  const rest = words.slice(1);
  if (!Object.keys(COMMANDS).includes(name)) {
    refuse(`unknown ${name.startsWith('-') ? 'option' : 'command'} "${name}"`);
    return;
  }
  const command = COMMANDS[name];
  const unknown = rest.filter((word) => !command.words.includes(word));
  if (unknown.length > 0) {
    refuse(`${name} does not know ${unknown.map((word) => `"${word}"`).join(', ')}`);
    return;
  }
  command.run(rest);
}

main(process.argv.slice(2));

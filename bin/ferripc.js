#!/usr/bin/env node
'use strict';
// The command `ferripc`: see USAGE. Nothing of the library is loaded before a command asks for it.

const USAGE = `Usage: ferripc <command>

  doctor          shows what ferripc finds on this machine, and sends messages to itself by each transport
  doctor --json   the same for programs
  --version       the version of the package
  --help          this text

doctor ends with 0 if all is well, and with 1 if not.
`;

function main([command, ...rest]) {
  if (command === 'doctor' && (rest.length === 0 || (rest.length === 1 && rest[0] === '--json'))) {
    require('../src/js/diagnostics/doctor').run({ json: rest.length === 1 });
  } else if (['--version', '-v'].includes(command) && rest.length === 0) {
    process.stdout.write(`${require('../package.json').version}\n`);
  } else if (['--help', '-h'].includes(command) && rest.length === 0) {
    process.stdout.write(USAGE);
  } else {
    process.stderr.write(USAGE);
    process.exitCode = 2;
  }
}

main(process.argv.slice(2));

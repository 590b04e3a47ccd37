#!/usr/bin/env node
'use strict';
// The command `ferripc`: see src/js/cli. Nothing is loaded before it is known that this Node will do, and this file is
// written so that every Node of the last ten years gets to the point where it is told that it is too old.

const OLDEST = 18;

function main(words) {
  if (parseInt(process.versions.node, 10) >= OLDEST) {
    require('../src/js/cli').main(words);
    return;
  }
  const found = process.versions.node;
  const problem = `this is Node ${found}, and ferripc needs Node ${OLDEST} or later: install a newer one.`;
  const report = { runtime: { node: found }, problems: [problem], ok: false };
  if (words[0] !== 'doctor') process.stderr.write(`ferripc: ${problem}\n`);
  else if (words.includes('--json')) process.stdout.write(`${JSON.stringify(report)}\n`);
  else process.stdout.write(`Problem: ${problem}\n`);
  process.exitCode = 1;
}

main(process.argv.slice(2));

'use strict';
// The differential fuzz as a program: `node __test__/fuzz/wire/run.js`, started by `npm run fuzz`, too.
//
//   --seed N      the first case (default: from the clock); each further one is the next number
//   --minutes N   for so long (default 1); --frames N: until so many messages have gone; --cases N: so many cases
//   --transport T --role R     only these; --bulk: many small messages on each connection
//   --keep        adds what was played to the record of the day in bench/results (record.js)
//   --replay FILE plays one
//
// A failing case is shrunk, printed with its seed and written to __test__/fuzz/regressions, where `npm test` plays it; exits
// with 1. FERRIPC_DRIVER chooses the driver.

const fs = require('node:fs');
const { makeCase } = require('./cases');
const { play, count } = require('./play');
const { Piece } = require('./record');
const { keep, shrink, without } = require('../shrink');
const { spanOf } = require('../span');
const { chosen, optionsOf } = require('../../../scripts/usage');

const options = { bulk: { type: 'boolean' }, keep: { type: 'boolean' } };
for (const name of ['seed', 'minutes', 'frames', 'cases', 'transport', 'role', 'replay']) {
  options[name] = { type: 'string' };
}

function* smaller(made) {
  for (const phases of without(made.phases)) yield { ...made, phases };
  for (const [index, phase] of made.phases.entries()) {
    const put = (change) => ({ ...made, phases: made.phases.with(index, { ...phase, ...change }) });
    for (const key of ['frames', 'emits', 'cuts']) {
      for (const rest of without(phase[key])) yield put({ [key]: rest });
    }
    if (phase.rest !== '') yield put({ rest: '' });
  }
}

async function report(made, difference) {
  console.error(`seed ${made.seed}: ${difference}`);
  const least = await shrink(made, smaller, async (it) => (await play(it)) !== null);
  const file = keep('wire', least);
  console.error(`shrunk, in ${file}: ${await play(least)}`);
  console.error(JSON.stringify(least).slice(0, 4000));
}

async function main() {
  const { values } = optionsOf(__filename, { options });
  chosen(__filename, values, 'transport', ['unix', 'tcp', 'tls', 'udp']);
  chosen(__filename, values, 'role', ['server', 'client']);
  if (values.replay) {
    const difference = await play(JSON.parse(fs.readFileSync(values.replay, 'utf8')));
    console.log(difference ?? 'no difference');
    return difference === null;
  }
  const { first, until, counts } = spanOf(__filename, values, 'frames', 'cases');
  const [mostFrames, mostCases] = counts;
  const { transport, role, bulk, keep } = values;
  const piece = new Piece(first);
  let told = Date.now();
  while (Date.now() < until && piece.frames < mostFrames && piece.cases < mostCases) {
    const made = makeCase(first + piece.cases, { transport, role, bulk });
    const difference = await play(made);
    if (difference !== null) {
      await report(made, difference);
      return false;
    }
    piece.add(made, count(made));
    if (Date.now() - told > 30_000) {
      told = Date.now();
      console.log(`${piece.cases} cases, ${piece.frames} frames`);
    }
  }
  const { driver, cases, frames } = piece.facts();
  console.log(JSON.stringify({ fuzz: 'wire', driver, first, cases, frames, differences: 0 }));
  if (keep) piece.save();
  return true;
}

main().then((well) => (process.exitCode = well ? 0 : 1));

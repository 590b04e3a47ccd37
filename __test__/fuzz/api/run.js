'use strict';
// The API fuzz as a program: `node __test__/fuzz/api/run.js`, started by `npm run fuzz`, too. Sequences of calls, a
// batch in a process of its own (play.js), which must not crash, hang, report an error of the inside, or stay
// alive when all is closed.
//
//   --seed N        the first sequence (default: from the clock)
//   --minutes N     for so long (default 1); --sequences N: so many
//   --transport T   only this one, of places or of systems.js; --systems: of the systems beside node-ipc
//   --replay FILE   plays one
//   --go-on         does not end with the first failure
//
// A failing sequence is shrunk, printed with its seed and written to __test__/fuzz/regressions, where `npm test` plays it;
// exits with 1. FERRIPC_DRIVER chooses the driver.

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');
const { makeSequence, sequencesOf } = require('./sequence');
const wild = require('./wild');
const { keep, shrink, without } = require('../shrink');
const { spanOf } = require('../span');
const { optionsOf } = require('../../../scripts/usage');

const BATCH = 50;

/** A process that says nothing for so long hangs. */
const HANG = 60_000;

/** The same while a sequence is shrunk; more than twice PATIENCE of systems.js, which waits for two things. */
const SHORT_HANG = 25_000;

/** Plays what `args` says in a process. Null, or `{seed, what}` of the first that went wrong. */
function playIn(args, hang = HANG) {
  const env = wild.environmentOf(sequencesOf(args));
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [path.join(__dirname, 'play.js'), JSON.stringify(args)], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [seed, done, wrong, stderr] = [null, false, null, ''];
    let hung = false;
    let timer;
    const watch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        hung = true;
        child.kill('SIGKILL');
      }, hang);
    };
    watch();
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr = (stderr + text).slice(-5000)));
    readline.createInterface({ input: child.stdout }).on('line', (line) => {
      watch();
      const told = JSON.parse(line);
      done ||= Boolean(told.done);
      seed = told.seed ?? seed;
      if (told.wrong?.length > 0) wrong ??= { seed, what: told.wrong.join('\n') };
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (wrong !== null) resolve(wrong);
      else if (hung)
        resolve({
          seed: done ? null : seed,
          what: done ? 'does not end when all is closed' : 'hangs',
        });
      else if (code !== 0 || !done)
        resolve({ seed, what: `ended with ${code ?? signal}\n${stderr}` });
      else resolve(null);
    });
  });
}

/** The sequence of a batch that keeps the process alive. */
async function culprit(first, count, only) {
  for (let seed = first; seed < first + count; seed++) {
    const sequence = makeSequence(seed, only);
    if ((await playIn({ sequences: [sequence] })) !== null) return sequence;
  }
  return null;
}

function* smaller(sequence) {
  for (const key of ['handlers', 'main']) {
    for (const rest of without(sequence[key])) yield { ...sequence, [key]: rest };
  }
}

async function report(sequence, what) {
  console.error(`seed ${sequence.seed}: ${what}`);
  const fails = async (it) => (await playIn({ sequences: [it] }, SHORT_HANG)) !== null;
  const isSteady = (await fails(sequence)) && (await fails(sequence));
  const least = isSteady ? await shrink(sequence, smaller, fails, 120) : sequence;
  const last = await playIn({ sequences: [least] }, SHORT_HANG);
  const file = keep('api', { ...least, driver: process.env.FERRIPC_DRIVER || 'loop' });
  console.error(`${isSteady ? 'shrunk' : 'not steady'}, in ${file}: ${last?.what}`);
  console.error(JSON.stringify(least));
}

async function main() {
  const names = ['seed', 'minutes', 'sequences', 'transport', 'replay'];
  const switches = ['systems', 'go-on'].map((name) => [name, { type: 'boolean' }]);
  const options = names.map((name) => [name, { type: 'string' }]);
  const { values } = optionsOf(__filename, {
    options: Object.fromEntries([...options, ...switches]),
  });
  if (values.replay) {
    const found = await playIn({ sequences: [JSON.parse(fs.readFileSync(values.replay, 'utf8'))] });
    console.log(found?.what ?? 'nothing wrong');
    return found === null;
  }
  const only = { transport: values.transport, systems: values.systems };
  const { first, until, counts } = spanOf(__filename, values, 'sequences');
  const [most] = counts;
  let [sequences, wrong] = [0, 0];
  for (; Date.now() < until && sequences < most;) {
    const count = Math.min(BATCH, most - sequences);
    const found = await playIn({ first: first + sequences, count, ...only });
    if (found !== null) {
      const sequence =
        found.seed === null
          ? await culprit(first + sequences, count, only)
          : makeSequence(found.seed, only);
      if (sequence === null)
        console.error(`${first + sequences} to ${count} more: ${found.what}, together only`);
      else await report(sequence, found.what);
      if (!values['go-on']) return false;
      wrong++;
    }
    sequences += count;
  }
  console.log(
    JSON.stringify({
      fuzz: values.systems ? 'systems' : 'api',
      driver: process.env.FERRIPC_DRIVER ?? 'loop',
      first,
      sequences,
      wrong,
    }),
  );
  return wrong === 0;
}

module.exports = { playIn };

if (require.main === module) {
  main()
    .finally(wild.remove)
    .then((well) => (process.exitCode = well ? 0 : 1));
}

'use strict';
// Plays sequences of sequence.js in this process, which run.js starts for them: objects whose handlers make
// calls themselves. Writes a line of JSON for each: `{seed}` before it, `{seed, wrong}` after it. When all is closed the
// process has to end by itself. `node play.js '{"sequences": […]}'`, or `{"first": 1, "count": 50}`. The memory checks
// call `play` themselves.

const fs = require('node:fs');
const { sequencesOf } = require('./sequence');
const { Thrown } = require('./stage');
const { SYSTEMS, SystemsWorld } = require('./systems');

const say = (value) => fs.writeSync(1, `${JSON.stringify(value)}\n`);

const WAITS = {
  none: () => null,
  tick: () => null,
  turn: () => new Promise((resolve) => setImmediate(resolve)),
  ms: () => new Promise((resolve) => setTimeout(resolve, 2)),
  made: () => world.made(),
  while: () => new Promise((resolve) => setTimeout(resolve, 30)),
};

let world = null;
const uncaught = (error) => {
  if (!(error instanceof Thrown))
    world?.wrong.push(`uncaught: ${error?.code} ${error?.stack ?? error}`);
};
process.on('uncaughtException', uncaught);
process.on('unhandledRejection', uncaught);

/** What was wrong with a sequence: texts. */
async function play(sequence) {
  const alive = setInterval(() => {}, 60_000); // calls may have unrefed all that there is
  const { transport } = sequence;
  world = new (SYSTEMS.includes(transport) ? SystemsWorld : require('./world').World)(sequence);
  for (const call of sequence.main) {
    world.act(call);
    await WAITS[call.wait]();
  }
  await new Promise((resolve) => setTimeout(resolve, 5));
  try {
    await world.close();
  } catch (error) {
    world.wrong.push(`closing: ${error.stack}`);
  }
  clearInterval(alive);
  return world.wrong;
}

async function main() {
  for (const sequence of sequencesOf(JSON.parse(process.argv[2]))) {
    const { seed } = sequence;
    say({ seed });
    say({ seed, wrong: await play(sequence) });
  }
  say({ done: true });
}

module.exports = { play };

if (require.main === module) void main();

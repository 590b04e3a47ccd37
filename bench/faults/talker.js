'use strict';
// A process in which system calls fail (shim.js), for calls.js, which sends it one case after the other:
// `{transport, call, error, first, times}`, `{transport, mixed, seed, oneIn}`, or `{transport}` for a count of the calls; from
// the beginning, or `when` 'up' or 'parting' (talk.js), or 'first': before any talk. Answers
// with what was wrong, what was told, and how many calls have failed. After each case a talk without faults has
// to go well, and all descriptors have to be back.

const fs = require('node:fs');
const path = require('node:path');
const { Control } = require('./shim');
const { talk } = require('./talk');

const { folder } = JSON.parse(process.argv[2]);
const control = new Control(process.env.FERRIPC_FAULTS);
const heard = [];
process.on('uncaughtException', (error) => heard.push(`uncaught: ${error?.stack ?? error}`));
process.on('unhandledRejection', (error) => heard.push(`unhandled: ${error?.stack ?? error}`));
process.on('disconnect', () => process.exit(1)); // who asks is gone

/** For so long several calls fail, in ms. */
const OUTAGE = 300;

const descriptors = () => fs.readdirSync('/proc/self/fd').length;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
let files = 0;

/** Transport -> descriptors that are open between two talks. */
const before = {};

/** Waits for descriptors to be back; they are counted once the first talks are over. */
async function descriptorsAreBack(transport) {
  for (let i = 0; i < 40; i++) {
    if (descriptors() <= before[transport]) return true;
    await pause(i < 20 ? 5 : 100);
  }
  return false;
}

async function warmUp(transport) {
  const file = () => path.join(folder, `w${files++}`);
  for (let i = 0; i < 3; i++) await talk(transport, file());
  await pause(300);
  before[transport] = descriptors();
}

async function play({ transport, mixed, when, ...fault }) {
  const file = path.join(folder, `s${files++}`);
  let end;
  const begin = () => {
    if (fault.call) control.arm(fault);
    else if (mixed) control.mix({ errors: mixed, ...fault });
    else control.count();
    if (mixed) end = setTimeout(() => control.disarm(), OUTAGE);
  };
  if (when === 'first') begin();
  if (!(transport in before)) await warmUp(transport);
  if (!when) begin();
  const told = await talk(transport, file, when && { [when]: begin });
  clearTimeout(end);
  control.disarm();
  const result = { ...told, failed: control.failed, counts: control.counts() };
  const again = await talk(transport, `${file}a`);
  if (!again.done || again.errors.length > 0)
    result.wrong.push(`afterwards: ${JSON.stringify(again.errors)} ${again.wrong}`);
  if (!(await descriptorsAreBack(transport)))
    result.wrong.push(`${descriptors()} descriptors are open, ${before[transport]} were before`);
  if (fs.existsSync(file)) {
    result.left = true;
    fs.rmSync(file, { force: true });
  }
  result.wrong.push(...heard.splice(0));
  return result;
}

process.on('message', async (fault) => {
  const started = Date.now();
  const result = await play(fault).catch((error) => ({ wrong: [String(error?.stack ?? error)] }));
  process.send({ ...result, ms: Date.now() - started });
});

'use strict';
// One row of `npm run faults`, in a process of its own: `[file, name, options]` says which. Sends what came of it to run.js.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const [file, name, options] = JSON.parse(process.argv[2]);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-faults-'));
const wrong = [];
process.on('uncaughtException', (error) => wrong.push(`uncaught: ${error?.stack ?? error}`));
process.on('unhandledRejection', (error) => wrong.push(`unhandled: ${error?.stack ?? error}`));

async function main() {
  const row = require(`./${file}`)[name];
  let result;
  try {
    result = await row({ folder, ...options });
  } catch (error) {
    result = { times: 0, wrong: [String(error?.stack ?? error)] };
  }
  result.wrong = [...(result.wrong ?? []), ...wrong];
  fs.rmSync(folder, { recursive: true, force: true });
  process.send(result, () => process.exit(0));
}

void main();

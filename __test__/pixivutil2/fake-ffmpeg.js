'use strict';
// Run by the tests beside it in the place of ffmpeg. Writes what it was given into the file FAKE_FILE, and then does
// what its first argument says.

const fs = require('node:fs');

const { FAKE_FILE } = process.env;
const args = process.argv.slice(2);
const [mode, value] = args;

const actions = {
  exit: () => process.exit(Number(value)),
  signal: () => process.kill(process.pid, value),
  wait: () => setInterval(() => {}, 1000),
  stubborn() {
    process.on('SIGTERM', () => {});
    actions.wait();
  },
  until() {
    setInterval(() => fs.existsSync(value) && process.exit(0), 5);
  },
};

if (FAKE_FILE) {
  if (mode === 'stubborn') process.on('SIGTERM', () => {}); // before anybody knows of it
  fs.writeFileSync(
    `${FAKE_FILE}.new`,
    JSON.stringify({ args, cwd: process.cwd(), pid: process.pid }),
  );
  fs.renameSync(`${FAKE_FILE}.new`, FAKE_FILE);
}
actions[mode]();

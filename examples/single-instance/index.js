'use strict';
// node examples/single-instance
// A program that runs once: a later one hands over what it was to open, and ends. The first is then killed,
// and the one that was waiting takes its place.

const { fork } = require('node:child_process');
const path = require('node:path');
const readline = require('node:readline');

/** Starts the program, shows what it prints, and resolves with it when it has printed its first line. */
async function start(name, ...args) {
  const child = fork(path.join(__dirname, 'app.js'), args, { silent: true });
  const lines = readline.createInterface({ input: child.stdout });
  child.stderr.pipe(process.stderr);
  child.ended = new Promise((resolve) => child.once('close', resolve));
  /** Resolves when it prints `text`. */
  child.says = (text) =>
    new Promise((resolve) => lines.on('line', (line) => line.startsWith(text) && resolve()));
  lines.on('line', (line) => console.log(`${name.padEnd(8)} | ${line}`));
  await new Promise((resolve) => lines.once('line', resolve));
  return child;
}

async function main() {
  const first = await start('first', 'a.txt');
  const second = await start('second', 'b.txt', 'c.txt');
  await second.ended;

  const standby = await start('standby', '--standby');
  const takesOver = standby.says('takes over');
  first.kill('SIGKILL');
  await takesOver;
  const third = await start('third', 'd.txt');
  await third.ended;
  standby.send('quit');
  await standby.ended;
}

main();

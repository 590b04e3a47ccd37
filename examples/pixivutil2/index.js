'use strict';
// node examples/pixivutil2
// PixivUtil2: a controller that starts two agents, with a bar for each, and runs ffmpeg for them if it is installed.

const { fork, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { Controller } = require('ferripc/pixivutil2');

const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0;

const bar = (done, total) => '#'.repeat(done).padEnd(total, '.');

async function main() {
  // Agents say with which arguments ffmpeg runs: these are our own.
  const controller = new Controller({
    comm: 'tcp://127.0.0.1:0',
    task: 'tcp://127.0.0.1:0',
    ffmpeg: hasFfmpeg,
  });
  if (!hasFfmpeg) controller.onFfmpeg(() => 0); // says that it was done

  const progress = new Map();
  controller.on('total', ({ identifier }, total) => progress.set(identifier, { done: 0, total }));
  controller.on('download', ({ identifier }, imageId, result, name) => {
    const its = progress.get(identifier);
    its.done++;
    console.log(`${identifier} [${bar(its.done, its.total)}] ${imageId} ${name}`);
  });
  controller.on('title', ({ identifier }, title) => {
    if (title.startsWith('ffmpeg')) console.log(`${identifier} ${title}`);
  });
  await controller.start();

  const agents = ['first', 'second'].map((name) =>
    fork(path.join(__dirname, 'agent.js'), [`--pipe=${controller.ipcOption(name)}`]),
  );
  await Promise.all(agents.map((agent) => once(agent, 'exit')));
  await controller.stop();
}

main();

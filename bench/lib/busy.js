'use strict';

// Other work on the machine: processes that want the processor all the time. Used by run.js for --busy.

const { fork } = require('child_process');
const os = require('os');

/** Starts `perCore` of them for each core. Returns what ends them; they end with this process, too. */
function startBusy(perCore) {
  const children = Array.from({ length: perCore * os.cpus().length }, () => fork(__filename));
  return () => children.forEach((child) => child.kill('SIGKILL'));
}

module.exports = { startBusy };

if (require.main === module) {
  process.on('disconnect', () => process.exit());
  const work = () => {
    for (const until = performance.now() + 100; performance.now() < until;);
    setImmediate(work);
  };
  work();
}

'use strict';
// What the processes of the soak share: samples for run.js, once a second, and what it tells them.

const fs = require('node:fs');

/** Descriptors that are open; null where the system does not tell. */
function descriptors() {
  try {
    return fs.readdirSync('/proc/self/fd').length - 1; // that of the folder
  } catch {
    return null;
  }
}

/** Begins to send samples; `counts()` has what is this process's own. */
function sampled(counts) {
  const sample = () => {
    const { rss, heapUsed, external } = process.memoryUsage();
    process.send({ sample: { rss, heapUsed, external, fds: descriptors(), ...counts() } });
  };
  sample();
  const timer = setInterval(sample, 1000);
  const orphaned = () => process.exit(1); // run.js is gone
  process.once('disconnect', orphaned);
  const stop = () => {
    clearInterval(timer);
    process.off('disconnect', orphaned);
  };
  return { sample, stop };
}

/** Resolves when run.js says `word`. */
const told = (word) =>
  new Promise((resolve) => {
    process.on('message', function hear(message) {
      if (message.say !== word) return;
      process.off('message', hear);
      resolve(message);
    });
  });

module.exports = { sampled, told };

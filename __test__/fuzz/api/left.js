'use strict';
// What this process has of the system's, descriptors and child processes, to see that nothing is left when all is closed.
// Used by systems.js. Elsewhere than on Linux nothing is seen.

const fs = require('node:fs');

const SELF = '/proc/self';
const isSeen = fs.existsSync(`${SELF}/fd`);

/** What libuv opens with the first stream of a loop, and keeps: there may be one more of it. */
const RESERVE = '/dev/null';

/** Descriptors by what they are of, without the numbers of sockets and pipes: `[what, how many]`. */
function descriptors() {
  const counts = new Map();
  for (const name of fs.readdirSync(`${SELF}/fd`)) {
    try {
      const what = fs.readlinkSync(`${SELF}/fd/${name}`).replace(/:\[\d+\]$/, '');
      counts.set(what, (counts.get(what) ?? 0) + 1);
    } catch {
      // It was closed meanwhile, as that of the folder always is.
    }
  }
  return counts;
}

/** Ids of child processes, of all threads; those that have ended count until somebody has asked how. */
function children() {
  return fs.readdirSync(`${SELF}/task`).flatMap((thread) => {
    try {
      const list = fs.readFileSync(`${SELF}/task/${thread}/children`, 'latin1');
      return list.split(' ').filter(Boolean);
    } catch {
      return []; // the thread has ended meanwhile
    }
  });
}

class Left {
  #before = isSeen ? descriptors() : null;

  /** What there is more of than at first: texts. */
  now() {
    if (!isSeen) return [];
    const more = [...descriptors()].map(([what, count]) => [
      what,
      count - (this.#before.get(what) ?? 0) - (what === RESERVE ? 1 : 0),
    ]);
    return [
      ...more.filter(([, count]) => count > 0).map(([what, count]) => `${count} of ${what}`),
      ...children().map((id) => `process ${id}`),
    ];
  }

  /** The same when it is nothing, or after `patience` ms: the ends of closed descriptors and processes may come later. */
  async settled(patience) {
    const until = performance.now() + patience;
    for (;;) {
      const left = this.now();
      if (left.length === 0 || performance.now() > until) return left;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

module.exports = { Left };

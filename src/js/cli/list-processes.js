'use strict';
// Finds the process that has a socket open, on Linux: by /proc, which shows users their own processes, and root all
// of them. Used by
// list-sockets.js.

const fs = require('node:fs');
const path = require('node:path');

/** A function that finds `{pid, command}` for the inode of a socket: one of these, or undefined. */
function processes(inodes) {
  const wanted = new Set(inodes);
  const found = new Map();
  if (wanted.size > 0) {
    for (const pid of attempt(() => fs.readdirSync('/proc'), [])) {
      if (/^\d+$/.test(pid)) look(pid, wanted, found);
      if (found.size === wanted.size) break;
    }
  }
  return (inode) => found.get(inode);
}

function look(pid, wanted, found) {
  for (const name of attempt(() => fs.readdirSync(`/proc/${pid}/fd`), [])) {
    const link = attempt(() => fs.readlinkSync(`/proc/${pid}/fd/${name}`), '');
    const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
    if (!wanted.has(inode) || found.has(inode)) continue;
    found.set(inode, { pid: Number(pid), command: commandOf(pid) });
  }
}

/** The program and its script, without their folders: the name that the system has may be that of a thread. */
function commandOf(pid) {
  const line = attempt(() => fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8'), '');
  const [program, script = ''] = line.split('\0');
  if (program === '') return null;
  const words = script === '' || script.startsWith('-') ? [program] : [program, script];
  return words.map((word) => path.basename(word)).join(' ');
}

/** Processes may end while they are examined, and other users' processes cannot be read. */
function attempt(act, otherwise) {
  try {
    return act();
  } catch {
    return otherwise;
  }
}

module.exports = { processes };

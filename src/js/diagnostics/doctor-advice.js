'use strict';
// What the doctor finds wrong, with advice for each problem. Used by doctor.js.

const { isForced } = require('../engine/fallback');
const { VERSION } = require('../engine/native');

/** By the code of an error, or a word in its message. */
const REMEDIES = [
  [
    /ERR_ACCESS_DENIED/,
    () =>
      "Node's permission model forbids it: allow it with --allow-fs-read=PATH, --allow-fs-write=PATH and, from Node 25 on, --allow-net, " +
      'or run the doctor without --permission.',
  ],
  [
    /ENOSPC|EDQUOT/,
    ({ temporary }) =>
      `There is no room left for files in ${temporary}: free some (see \`df\` and \`df -i\`), or set TMPDIR to another folder.`,
  ],
  [
    /EROFS/,
    ({ temporary }) =>
      `${temporary} is on a file system that is read-only: set TMPDIR, and in the program config.socketRoot, to a folder that can be written to.`,
  ],
  [
    /ENAMETOOLONG/,
    ({ temporary, longestPath }) =>
      `The path of ${temporary} is too long for sockets, which may have at most ${longestPath} bytes: set TMPDIR to a shorter one, such as /tmp.`,
  ],
  [
    /ENOENT|ENOTDIR/,
    ({ temporary }) =>
      `There is no folder ${temporary}: create it, or set TMPDIR to one that exists.`,
  ],
  [
    /EACCES|EPERM/,
    () => 'Something forbids it: file permissions, a sandbox, or a security policy.',
  ],
  [/EMFILE/, () => 'Raise the limit for open files of the process (ulimit -n).'],
  [
    /ENFILE/,
    () => 'The whole system has too many open files: raise fs.file-max, or end what holds them.',
  ],
  [/EADDRNOTAVAIL|ENETUNREACH/, () => 'The loopback interface is not up.'],
];

function remedy({ error, code }, limits) {
  const known = REMEDIES.find(([pattern]) => pattern.test(`${code} ${error}`));
  if (known) return known[1](limits);
  return 'Try again with NODE_DEBUG=ferripc, and add what it prints to a bug report.';
}

/** An error, as a sentence, and what to do about it. */
function failure({ error, code }, limits) {
  return `${error.replace(/\.$/, '')}. ${remedy({ error, code }, limits)}`;
}

/** What is wrong, as sentences. */
function problemsOf({ ferripc, binary, driver, limits, packages, probes }) {
  const problems = [];
  if (binary.error && driver?.name !== 'js') problems.push(binary.error);
  if (binary.error && driver?.name === 'js' && !isForced()) {
    problems.push(
      'The JavaScript engine takes the place of the native one: programs with node-ipc and ipcIO work, more slowly ' +
        `and with a warning; the other systems do not work. ${binary.error}`,
    );
  }
  if (ferripc.version !== VERSION) {
    problems.push(
      `package.json says ${ferripc.version}, but the code is of ${VERSION}: ` +
        'remove node_modules and install again.',
    );
  }
  for (const { name, version, path: where, malware } of packages) {
    if (!malware) continue;
    problems.push(
      `${name} ${version} in ${where} carries ${malware}: remove it, and check what it did to this machine.`,
    );
  }
  if (limits.defaultPathLength > limits.longestPath) {
    problems.push(
      `The default path ${limits.defaultPath} is longer than a socket's may be: set config.id, config.socketRoot or a path.`,
    );
  }
  if (driver?.error) {
    problems.push(`No connection can be made: ${failure(driver, limits)}`);
  }
  for (const { title, ok, error, code } of probes) {
    if (!ok) problems.push(`${title} does not work: ${failure({ error, code }, limits)}`);
  }
  return problems;
}

module.exports = { problemsOf };

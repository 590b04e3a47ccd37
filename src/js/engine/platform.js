'use strict';
// What this process runs on: the names of the addon that may fit, and the C library. Used by native.js and by
// what explains it (no-binary.js, the doctor), and by scripts/build.js for the addon's name; and how long paths may be.

const { arch, platform, process } = require('../core');

/** Bytes that a Unix socket's path may have: those of `sun_path`, without the NUL at its end. */
const LONGEST_PATH = platform === 'linux' || platform === 'android' ? 107 : 103;

/**
 * The binaries for `arm` are for ARMv7: on an older processor, which works without a binary, they would end the
 * process.
 */
function processor() {
  const { arm_version: version } = process.config.variables;
  return arch === 'arm' && version < 7 ? 'armv6' : arch;
}

/** File names of the addon that may fit this platform. */
function candidates() {
  const base = `ferripc.${platform}-${processor()}`;
  if (platform !== 'linux') return [`${base}.node`];
  // Which C library the process runs on shows when an addon is loaded: only one of them loads.
  return [`${base}-gnu.node`, `${base}-musl.node`];
}

/** The package of a platform's addon. */
function packageOf(name) {
  return name.replace(/^ferripc\.(.*)\.node$/, 'ferripc-$1');
}

/** What `read` finds in Node's report on this process; `otherwise` where there is none, or not that in it. */
function fromReport(read, otherwise) {
  const { report } = process;
  const { excludeNetwork } = report ?? {};
  try {
    report.excludeNetwork = true; // names would be looked up
    return read(report.getReport());
  } catch {
    return otherwise;
  } finally {
    if (report) report.excludeNetwork = excludeNetwork;
  }
}

/** `glibc 2.36`, `musl`, or '' where it is not known or makes no difference. */
function libc() {
  if (platform !== 'linux') return '';
  return fromReport(({ header, sharedObjects }) => {
    if (header.glibcVersionRuntime) return `glibc ${header.glibcVersionRuntime}`;
    return sharedObjects.some((file) => file.includes('musl')) ? 'musl' : '';
  }, '');
}

module.exports = { LONGEST_PATH, candidates, fromReport, libc, packageOf };

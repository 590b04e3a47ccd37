'use strict';
// Local socket paths in the form that the system takes. Used by the code that connects or listens.

const { platform, process } = require('../core');
const { LONGEST_PATH } = require('../engine/platform');

const PIPE = '\\\\.\\pipe\\';

/** The path as the platform takes it: on Windows `/tmp/app.world` is the pipe `tmp-app.world`. */
function systemPath(path, system = platform) {
  if (system !== 'win32' || path.startsWith(PIPE)) return path;
  return PIPE + path.replace(/^\//, '').replace(/\//g, '-');
}

/** Whether the system has no sockets at such a path. */
function isTooLong(path) {
  return platform !== 'win32' && Buffer.byteLength(path) > LONGEST_PATH;
}

/**
 * Whether net, in this Node, listens at an abstract name (Linux: `\0name`) filled up with NULs to the
 * full length of an address: that of Node 20, with libuv before 1.48. (Node 18 takes all such names for one.)
 */
const PADS_ABSTRACT = /^1\.4[67]\./.test(process.versions.uv ?? '');

module.exports = { PADS_ABSTRACT, isTooLong, systemPath };

'use strict';
// Local socket paths (K2). Used by ipc.js for defaults, by client.js and server.js for the path that
// the system is given.

const PIPE = '\\\\.\\pipe\\';

/** `socketRoot + appspace + id`: plain concatenation, so that each part may be empty. */
function defaultPath(config, id) {
  const { socketRoot = '/tmp/', appspace = 'app.' } = config;
  return socketRoot + appspace + id;
}

/** The path as the platform takes it: on Windows `/tmp/app.world` is the pipe `tmp-app.world`. */
function systemPath(path, platform = process.platform) {
  if (platform !== 'win32' || path.startsWith(PIPE)) return path;
  return PIPE + path.replace(/^\//, '').replace(/\//g, '-');
}

/**
 * Whether net, in this Node, listens at an abstract name (Linux: `\0name`) filled up with NULs to the
 * full length of an address: that of Node 20, with libuv before 1.48. (Node 18 takes all such names for one.)
 */
const PADS_ABSTRACT = /^1\.4[67]\./.test(process.versions.uv ?? '');

module.exports = { PADS_ABSTRACT, defaultPath, systemPath };

'use strict';
// Local socket paths as node-ipc makes them (K2). Used by ipc.js for defaults.

/** `socketRoot + appspace + id`: plain concatenation, so that each part may be empty. */
function defaultPath(config, id) {
  const { socketRoot = '/tmp/', appspace = 'app.' } = config;
  return socketRoot + appspace + id;
}

module.exports = { defaultPath };

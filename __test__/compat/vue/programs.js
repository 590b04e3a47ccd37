// Loads the two Vue CLI packages of this folder, as installed, for one role of vue/scenario.js.
// What npm put in the place of @achrinza/node-ipc is ferripc; for an old role the real one takes
// that place again.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');

const NAME = '@achrinza/node-ipc';

function load(t) {
  const installed = Module.createRequire(path.join(__dirname, 'package.json'));
  if (t.isNew) {
    const ferripc = path.join(__dirname, '../../../index.js');
    assert.strictEqual(fs.realpathSync(installed.resolve(NAME)), fs.realpathSync(ferripc));
  } else {
    const resolve = Module._resolveFilename;
    const old = require.resolve(`node-ipc-${t.impl}`);
    Module._resolveFilename = (request, ...rest) =>
      request === NAME ? old : resolve(request, ...rest);
  }
  const ipc = installed(NAME);
  // nothing of a test belongs into the shared /tmp
  ipc.config.socketRoot = `${t.dir}/`;
  return { ipc, require: installed };
}

module.exports = { load };

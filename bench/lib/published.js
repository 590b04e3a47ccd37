'use strict';

// ferripc as it is published: scripts/pack.js joins files, and programs begin sooner with that. The other packages are
// as they are published, too. Used by run.js.

const fs = require('fs');
const os = require('os');
const path = require('path');

/** A folder with this build of the package as it would be published, until the process ends. */
function published(build) {
  const script = path.join(build, 'scripts', 'pack.js');
  const stageMain = fs.existsSync(script) && require(script).stageMain;
  if (!stageMain) return build; // an unpacked package, or a checkout from before
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-bench-'));
  process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  stageMain(folder);
  for (const name of fs.readdirSync(build)) {
    if (/\.node$|^package\.json$/.test(name)) {
      fs.copyFileSync(path.join(build, name), path.join(folder, name));
    }
  }
  return folder;
}

module.exports = { published };

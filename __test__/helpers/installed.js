'use strict';
// Copies of the package without its binary, as users have them, and the binary to put somewhere. Used by the tests of
// what is loaded and of what is said where nothing is: native, places and no-binary.

const fs = require('node:fs');
const path = require('node:path');
const { candidates, packageOf } = require('../../src/js/engine/platform');

const ROOT = path.join(__dirname, '..', '..');

/** The names that are looked for here, and that of the binary which is built. */
const names = candidates();
const built = names.find((name) => fs.existsSync(path.join(ROOT, name)));
const packages = names.map(packageOf);

/** A copy of the package in the folder `home`. Returns it. */
function copyPackage(home) {
  fs.mkdirSync(home, { recursive: true });
  for (const name of ['index.js', 'index.mjs', 'parsers.js', 'parsers.mjs', 'package.json'])
    fs.copyFileSync(path.join(ROOT, name), path.join(home, name));
  for (const name of ['src/js', 'services'])
    fs.cpSync(path.join(ROOT, name), path.join(home, name), { recursive: true });
  return home;
}

/** Puts the binary, or other bytes under its name, into `folder`. Returns the file. */
function putBinary(folder, bytes) {
  fs.mkdirSync(folder, { recursive: true });
  const file = path.join(folder, built);
  if (bytes === undefined) fs.copyFileSync(path.join(ROOT, built), file);
  else fs.writeFileSync(file, bytes);
  return file;
}

/** Puts the platform's package into a folder `node_modules`. Returns its file. */
function putPlatformPackage(modules, bytes) {
  const folder = path.join(modules, packageOf(built));
  const file = putBinary(folder, bytes);
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ main: built }));
  return file;
}

module.exports = { ROOT, built, copyPackage, names, packages, putBinary, putPlatformPackage };

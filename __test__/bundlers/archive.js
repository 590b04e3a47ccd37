'use strict';
// node archive.js <archive> <file in it> <arguments>: runs a program out of an asar archive, as Electron does, in plain
// Node: modules are read from the archive, native binaries are not. Started by bundlers.test.js.

const asar = require('@electron/asar');
const Module = require('node:module');
const path = require('node:path');

const [archive, main, ...args] = process.argv.slice(2);
const files = new Set(asar.listPackage(archive).map((name) => path.join(archive, name)));
const isInside = (file) => file.startsWith(archive + path.sep);
const read = (file) => asar.extractFile(archive, path.relative(archive, file)).toString();

/** A file of the archive by its name, or by that of its folder. */
function fileOf(name) {
  if (!files.has(name)) return files.has(`${name}.js`) ? `${name}.js` : null;
  const manifest = path.join(name, 'package.json');
  if (path.extname(name)) return name;
  return files.has(manifest) ? path.join(name, JSON.parse(read(manifest)).main) : null;
}

const { _resolveFilename: resolve, _extensions: extensions } = Module;
Module._resolveFilename = (request, parent, ...rest) => {
  const from = parent?.filename ?? '';
  const isPath = /^\.{0,2}\//.test(request);
  const folders = isPath ? [path.dirname(from)] : (parent?.paths ?? []);
  const names = folders.map((folder) => path.resolve(folder, request)).filter(isInside);
  return names.map(fileOf).find(Boolean) ?? resolve(request, parent, ...rest);
};
for (const [extension, load] of Object.entries(extensions)) {
  extensions[extension] = (module, file) => {
    if (!isInside(file)) return load(module, file);
    if (extension === '.js') return module._compile(read(file), file);
    if (extension === '.json') return (module.exports = JSON.parse(read(file)));
    throw new Error('nothing native is loaded from an archive');
  };
}

process.argv = [process.argv[0], path.join(archive, main), ...args];
require(path.join(archive, main));

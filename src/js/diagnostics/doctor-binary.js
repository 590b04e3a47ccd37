'use strict';
// The doctor's check of the binary before it is loaded: a damaged one may end the process silently, so everything
// known about the file is printed first. Used by doctor.js.

const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { faultIn, readHead } = require('../engine/binary-file');
const native = require('../engine/native');
const { packageOf } = require('../engine/platform');
const { attempt, readJson } = require('./doctor-machine');

/** The checksum that was recorded when a published binary was built; null if there is no record. */
function noted(file) {
  const name = path.basename(file);
  const folder = path.dirname(file);
  // In a checkout, the record may belong to another build.
  if (readJson(path.join(folder, 'package.json'))?.name !== packageOf(name)) return null;
  return readJson(path.join(folder, name.replace(/node$/, 'build.json')))?.sha256 ?? null;
}

/**
 * `{file, size, sha256, built, fault, changed}`: `built`: the platform it was built for, null if unknown; `changed`:
 * it would load, but is not the file that was built.
 */
function examine(file) {
  let bytes;
  try {
    bytes = fs.readFileSync(file);
  } catch (error) {
    return { file, size: null, sha256: null, built: null, fault: error.message, changed: false };
  }
  const sha256 = crypto.createHash('sha256').update(bytes).digest('hex');
  const head = attempt(() => readHead(bytes));
  const built = head && head.cpus.map((cpu) => `${head.os}-${cpu}`).join(', ');
  const record = noted(file);
  const differs = record !== null && record !== sha256;
  const seen = faultIn(bytes, bytes.length)?.text ?? null;
  const changed = seen === null && differs;
  const fault = changed ? `damaged or changed: it was built with the sha256 ${record}` : seen;
  return { file, size: bytes.length, sha256, built, fault, changed };
}

/** What there is to be loaded: of several files the first without a fault; null if there is none. */
function find() {
  const files = [...native.find()].map(({ file }) => file).filter(Boolean);
  const all = files.map(examine);
  return all.find(({ fault }) => fault === null) ?? all[0] ?? null;
}

/** Loads the binary, if `found` may be: what was found, with `version`, or with `error` and `code`. */
function load(found) {
  if (found !== null && found.fault !== null && found.size !== null) {
    const error = `${found.file} cannot be loaded: ${found.fault}. Remove node_modules and install again; in a checkout: \`npm run build\`.`;
    return { ...found, error, code: 'ERR_FERRIPC_NO_BINARY' };
  }
  try {
    native.load();
  } catch ({ message, code = null }) {
    return { ...found, error: message, code };
  }
  const { file, version } = native.loaded();
  return { ...(found?.file === file ? found : examine(file)), version };
}

module.exports = { find, load };

#!/usr/bin/env node
'use strict';
// Shows that a binary comes from these sources, by building them again and comparing the bytes.
//
//   node scripts/reproduce.js FILE        a ferripc.<platform>.node, from a package or a release: is it what
//                                         this checkout builds?
//   node scripts/reproduce.js PLATFORM    do two builds agree, in directories of different names and with
//                                         crates downloaded to different places?
//
// Each build is of a copy of the files under version control, in a new temporary directory. Exits with 0 if
// the bytes agree. What it needs: build-release.js; versions: toolchain.json, or what FILE's
// `ferripc.<platform>.build.json` says. Used by people, and by the workflow ci.yml.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { buildRelease, platformOf, sha256 } = require('./build-release');

const root = path.join(__dirname, '..');

/** The SHA-256 of what is built from a copy in `directory`. */
function build(platform, directory, env) {
  fs.mkdirSync(directory, { recursive: true });
  const listed = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' });
  for (const name of listed.split('\0').filter(Boolean)) {
    const to = path.join(directory, name);
    fs.mkdirSync(path.dirname(to), { recursive: true });
    fs.copyFileSync(path.join(root, name), to);
  }
  const own = { ...process.env, CARGO_TARGET_DIR: path.join(directory, 'target'), ...env };
  return buildRelease(platform, { root: directory, env: own }).sha256;
}

function main([what]) {
  if (!what) throw new TypeError('which file, or which platform?');
  const isFile = what.endsWith('.node');
  const platform = isFile ? path.basename(what).split('.')[1] : what;
  platformOf(platform); // throws if it does not exist
  const work = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'ferripc-reproduce-'));
  try {
    const first = isFile ? sha256(what) : build(platform, path.join(work, 'a'));
    // Crates are downloaded anew: where they lie must not matter either.
    const env = { CARGO_HOME: path.join(work, 'home-of-crates') };
    const second = build(platform, path.join(work, 'another', 'directory'), env);
    console.log(`${first}  ${isFile ? what : 'first build'}`);
    console.log(`${second}  ${isFile ? 'this checkout' : 'second build'}`);
    console.log(first === second ? 'the same bytes' : 'DIFFERENT');
    process.exitCode = first === second ? 0 : 1;
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

main(process.argv.slice(2));

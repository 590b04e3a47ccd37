'use strict';
// What the doctor finds out about the machine, the runtime and the installed packages, without loading the binary.
// Used by doctor.js.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { fromReport, libc } = require('../engine/platform');
const { Defaults } = require('../node-ipc/config');
const { defaultPath } = require('../node-ipc/paths');
const { systemPath } = require('../sockets/paths');

/** Bytes of a socket's path at most; on Windows characters of a pipe's name. */
const LONGEST_PATH = { linux: 107, android: 107, win32: 256 }[process.platform] ?? 103;

/** Harmful releases of node-ipc: docs/supply-chain.md says what each of them did. */
const HARMFUL = {
  malware: ['9.1.6', '9.2.3', '10.1.1', '10.1.2', '12.0.1'],
  /** A package that writes files into the user's folders. */
  peacenotwar: ['9.2.2', '11.0.0', '11.1.0'],
};

const NAMES = ['node-ipc', '@achrinza/node-ipc', 'ferripc'];
const MOST_FOLDERS = 20_000;

function attempt(act, otherwise = null) {
  try {
    return act();
  } catch {
    return otherwise;
  }
}

const readJson = (file) => attempt(() => JSON.parse(fs.readFileSync(file, 'utf8')));

function runtime() {
  const { node, uv, v8, electron, bun, deno } = process.versions;
  return { node, uv, v8, electron, bun, deno };
}

function platform() {
  return {
    platform: process.platform,
    arch: process.arch,
    libc: libc() || null,
    release: os.release(),
  };
}

/** Variables that change what ferripc does; null: not set. By name, so that a reader of the source sees which. */
function environment() {
  return {
    FERRIPC_DRIVER: process.env.FERRIPC_DRIVER ?? null,
    FERRIPC_NO_FALLBACK: process.env.FERRIPC_NO_FALLBACK ?? null,
    FERRIPC_TAP: process.env.FERRIPC_TAP ?? null,
    NAPI_RS_NATIVE_LIBRARY_PATH: process.env.NAPI_RS_NATIVE_LIBRARY_PATH ?? null,
    NODE_DEBUG: process.env.NODE_DEBUG ?? null,
    NODE_OPTIONS: process.env.NODE_OPTIONS ?? null,
    NODE_TLS_REJECT_UNAUTHORIZED: process.env.NODE_TLS_REJECT_UNAUTHORIZED ?? null,
    NODE_EXTRA_CA_CERTS: process.env.NODE_EXTRA_CA_CERTS ?? null,
    NODE_UNIQUE_ID: process.env.NODE_UNIQUE_ID ?? null,
    TMPDIR: process.env.TMPDIR ?? null,
  };
}

function openFiles() {
  return fromReport(({ userLimits }) => {
    const { soft, hard } = userLimits.open_files;
    return { soft, hard };
  }, null);
}

function isWritable(directory) {
  return attempt(() => {
    fs.accessSync(directory, fs.constants.W_OK);
    return true;
  }, false);
}

function limits() {
  const config = new Defaults();
  const file = systemPath(defaultPath(config, config.id));
  const root = config.socketRoot;
  return {
    longestPath: LONGEST_PATH,
    defaultPath: file,
    defaultPathLength: Buffer.byteLength(file),
    socketRoot: root,
    socketRootWritable: process.platform === 'win32' ? null : isWritable(root), // pipes are no files
    temporary: os.tmpdir(),
    temporaryWritable: isWritable(os.tmpdir()),
    openFiles: openFiles(),
    somaxconn: attempt(() => Number(fs.readFileSync('/proc/sys/net/core/somaxconn', 'utf8'))),
  };
}

/** ferripc, and what it replaces, in the node_modules of this folder and those above it. */
function packages(from) {
  const found = [];
  const seen = new Set();
  let left = MOST_FOLDERS;
  const visit = (folder) => {
    const real = attempt(() => fs.realpathSync(folder));
    if (real === null || seen.has(real) || left-- <= 0) return;
    seen.add(real);
    const { name, version } = readJson(path.join(real, 'package.json')) ?? {};
    if (NAMES.includes(name)) {
      const malware = name === 'node-ipc' ? malwareIn(version) : null;
      found.push({ name, version: version ?? null, path: folder, malware });
    }
    list(path.join(real, 'node_modules'));
  };
  const list = (modules) => {
    for (const name of attempt(() => fs.readdirSync(modules), [])) {
      const folder = path.join(modules, name);
      if (name === '.pnpm') {
        for (const one of attempt(() => fs.readdirSync(folder), [])) {
          list(path.join(folder, one, 'node_modules'));
        }
      } else if (name.startsWith('@')) {
        for (const one of attempt(() => fs.readdirSync(folder), [])) visit(path.join(folder, one));
      } else if (!name.startsWith('.')) {
        visit(folder);
      }
    }
  };
  for (let at = from; ; at = path.dirname(at)) {
    list(path.join(at, 'node_modules'));
    if (at === path.dirname(at)) break;
  }
  return found;
}

function malwareIn(version) {
  return Object.keys(HARMFUL).find((kind) => HARMFUL[kind].includes(version)) ?? null;
}

module.exports = { HARMFUL, attempt, environment, limits, packages, platform, readJson, runtime };

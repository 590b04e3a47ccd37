'use strict';
// What programs get that import the package by way of a compiler: compiled/ has each form of import (sources/) as each
// compiler puts it, and what it gives is compared with @achrinza/node-ipc 9 and 10. Run by jest.

const fs = require('node:fs');
const path = require('node:path');

const PACKAGES = { 9: 'node-ipc-9', 10: 'node-ipc-10', new: '../..' };

const COMPILERS = fs
  .readdirSync(path.join(__dirname, 'compiled'))
  .map((file) => path.basename(file, '.js'));
const FORMS = fs
  .readdirSync(path.join(__dirname, 'sources'))
  .map((file) => path.basename(file, '.mjs'));

/** A fresh copy of a package: as require gives it, and its singleton. */
function load(name) {
  let whole, parsers;
  jest.isolateModules(() => {
    whole = require(PACKAGES[name]);
    if (name === 'new') parsers = require('../../parsers');
  });
  return { whole, parsers, singleton: whole.serve ? whole : whole.default };
}

/** A compiled module that has this package as its `node-ipc`. */
function run(compiler, form, { whole, parsers }) {
  const module = { exports: {} };
  const require_ = (id) => {
    if (id === 'node-ipc') return whole;
    if (id === 'node-ipc/parsers' && parsers) return parsers;
    throw new Error(`what is ${id}?`);
  };
  require(`./compiled/${compiler}`)[form](module.exports, require_, module);
  return module.exports;
}

/** Everything that a compiled module has got of the package, now. */
async function read(exports, form) {
  if (exports.load) return exports.load();
  if (exports.read) return exports.read();
  return form === 're-export-namespace' ? exports.all : exports;
}

const isEndpoint = (value) =>
  typeof value?.serve === 'function' && typeof value.connectTo === 'function' && value.of !== null;

const isParser = (value, profile) =>
  typeof value === 'function' && new value({}).profile === profile;

/** By name: does it do what it is for? */
const WORKS = {
  ipc: (value, singleton) => value === singleton,
  default: (value, singleton) => value === singleton,
  IPC: (value) => typeof value === 'function' && isEndpoint(new value()),
  IPCModule: (value) => typeof value === 'function' && isEndpoint(new value()),
  RemoteError: (value) => typeof value === 'function' && new value('') instanceof Error,
  GuardedParser: (value) => isParser(value, 'guarded'),
  Parser: (value) => isParser(value, 'fast'),
  config: (value, singleton) => value === singleton.config,
  of: (value, singleton) => value === singleton.of,
  connectTo: (value, singleton) => value === singleton.connectTo,
  serve: (value, singleton) => value === singleton.serve,
  server: (value, singleton) => Boolean(value) && value === singleton.server, // it was false at first
};

/** The names by which a compiled module can use the package. */
async function working(compiler, form, name) {
  const implementation = load(name);
  const works = new Set();
  try {
    const exports = run(compiler, form, implementation);
    await read(exports, form);
    implementation.singleton.config.silent = true;
    implementation.singleton.serve('/tmp/never-started');
    const got = await read(exports, form);
    for (const [key, test] of Object.entries(WORKS)) {
      if (test(got[key], implementation.singleton)) works.add(key);
    }
  } catch (error) {
    works.error = error; // e.g. IPCModule is undefined, and something is made of it
  }
  return works;
}

/**
 * What a form of import asks for. `server` only where it is read from the package each time; of what is copied
 * once, as most compilers do for a namespace, it is what it was, with any package.
 */
const ASKED = {
  default: ['ipc'],
  named: ['IPC', 'IPCModule'],
  'default-and-named': ['ipc', 'IPC', 'IPCModule'],
  'default-and-more': ['ipc', 'GuardedParser', 'RemoteError'],
  members: ['config', 'connectTo', 'of', 'serve', 'server'],
  namespace: ['ipc', 'IPC', 'IPCModule', 'config', 'connectTo', 'of', 'serve'],
  'default-and-namespace': ['ipc', 'IPC', 'IPCModule'],
  're-export': ['ipc', 'IPC', 'IPCModule'],
  're-export-default': ['default'],
  're-export-all': ['IPC', 'IPCModule', 'config', 'serve', 'server'],
  're-export-namespace': ['default', 'IPC', 'IPCModule', 'config', 'serve'],
  // node-ipc 14's
  parsers: ['Parser', 'GuardedParser'],
  'parsers-namespace': ['Parser', 'GuardedParser'],
  dynamic: ['default', 'IPC', 'IPCModule', 'config', 'serve'],
};

/** For these the default is the whole module, as if they were ES modules in Node; there, `ferripc/parsers` is one itself. */
const AS_IN_NODE = [
  'babel-7-node',
  'babel-8-node',
  'esbuild-mjs',
  'rolldown-mjs',
  'rollup-default',
  'swc-node',
  'webpack-mjs',
];
const BROKEN = Object.fromEntries(
  AS_IN_NODE.map((name) => [name, ['parsers', 'parsers-namespace']]),
);
// What Babel makes of these reads the module before it requires it, so it works with no package.
for (const name of ['babel-7-node', 'babel-8-node']) BROKEN[name].push('re-export-default');

test('every form is tested', () => {
  expect(FORMS.sort()).toEqual(Object.keys(ASKED).sort());
  expect(COMPILERS.length).toBeGreaterThan(30);
});

describe.each(COMPILERS)('%s', (compiler) => {
  const forms = Object.keys(require(`./compiled/${compiler}`));

  test.each(forms)('%s', async (form) => {
    const ours = await working(compiler, form, 'new');
    const old = [await working(compiler, form, '9'), await working(compiler, form, '10')];
    expect([...ours]).toEqual(expect.arrayContaining(old.flatMap((works) => [...works])));
    if (BROKEN[compiler]?.includes(form)) return;
    if (ours.error) throw ours.error;
    expect([...ours]).toEqual(expect.arrayContaining(ASKED[form]));
  });
});

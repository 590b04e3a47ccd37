'use strict';
// node window.js <bundle> <socket> [sandbox]: runs a bundled preload script as a window of Electron does, with a page in
// a context of its own that gets copies only; or in a sandbox, which has few of Node's modules. Started by bundlers.test.js.

const fs = require('node:fs');
const Module = require('node:module');
const vm = require('node:vm');

const [bundle, , sandbox] = process.argv.slice(2);

/** What Electron documents that `require` has in a sandboxed preload script, besides `electron`. */
const IN_SANDBOX = ['events', 'timers', 'url'];

const page = vm.createContext({ console });

const electron = {
  contextBridge: {
    exposeInMainWorld(name, api) {
      const copied = Object.entries(api).map(([key, act]) => [
        key,
        async (...args) => structuredClone(await act(...structuredClone(args))),
      ]);
      page[name] = Object.fromEntries(copied);
    },
  },
};

function requireInSandbox(name) {
  if (name === 'electron') return electron;
  if (IN_SANDBOX.includes(name.replace(/^node:/, ''))) return require(name);
  throw new Error(`module not found: ${name}`);
}

if (sandbox) {
  const script = vm.compileFunction(fs.readFileSync(bundle, 'utf8'), [
    'require',
    'module',
    'exports',
  ]);
  const module_ = { exports: {} };
  try {
    script(requireInSandbox, module_, module_.exports);
  } catch ({ message }) {
    console.log(message);
  }
} else {
  const load = Module._load;
  Module._load = (name, ...rest) => (name === 'electron' ? electron : load(name, ...rest));
  process.argv[2] = process.argv[3]; // the socket
  require(bundle);
  vm.runInContext(
    `service.greet(['Alice', 'Bob']).then(({ text }) => console.log(text, typeof require, typeof process))`,
    page,
  );
}

'use strict';
// What the package's JavaScript can reach, by reading all of it: the table in docs/supply-chain.md says so
// file by file, and this test holds it to that. A new use of anything outside of the language fails here
// until the table names it, with a reason.

const fs = require('node:fs');
const path = require('node:path');
const { opensOf } = require('./helpers/opens');
const { createWorld } = require('./helpers/world');

const ROOT = path.join(__dirname, '..');
const world = createWorld();
const manifest = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
const doc = fs.readFileSync(path.join(ROOT, 'docs', 'supply-chain.md'), 'utf8');

/** All JavaScript of the package, as paths from its root with slashes. */
function shipped() {
  const files = manifest.files.filter((name) => !name.includes('*'));
  const under = (name) => {
    const file = path.join(ROOT, name);
    if (!fs.existsSync(file)) return [];
    if (!fs.statSync(file).isDirectory()) return [name];
    return fs.readdirSync(file).flatMap((it) => under(`${name}/${it}`));
  };
  return files.flatMap(under).filter((name) => /\.[cm]?js$/.test(name));
}

const sources = new Map(
  shipped().map((name) => [name, fs.readFileSync(path.join(ROOT, name), 'utf8')]),
);
const opens = (name) => opensOf(sources.get(name), name.endsWith('.mjs') ? 'module' : 'commonjs');

/** The table: file -> what it opens. The rows with a file of JavaScript in code quotes at their start; a file may have several. */
function documented() {
  const said = {};
  for (const [, file, cell] of doc.matchAll(/^\| `([^`|]+\.[cm]?js)` +\| ([^|]+?) +\|/gm))
    (said[file] ??= []).push(...[...cell.matchAll(/`([^`]+)`/g)].map(([, it]) => it));
  return said;
}

test('there is JavaScript to read', () => {
  expect([...sources.keys()]).toEqual(
    expect.arrayContaining(['index.js', 'index.mjs', 'src/js/engine/engine.js', 'dao/client.js']),
  );
});

test('what each file opens is what the documentation says, and nothing else', () => {
  const found = {};
  for (const name of sources.keys()) {
    const { opens: its } = opens(name);
    if (its.length > 0) found[name] = its;
  }
  const said = documented();
  for (const list of Object.values(said)) list.sort();
  expect(said).toEqual(found);
});

/** Clients of brokers, each loaded by one file when a program asks for it; package managers install them for nobody. */
const PEERS = {
  'src/js/scale/brokers/nats.js': ['@nats-io/transport-node'],
  'src/js/scale/brokers/redis.js': ['ioredis'],
};

test('nothing is required but the package itself and modules of Node, and by name what a program may bring', () => {
  for (const name of sources.keys()) {
    const { modules, local } = opens(name);
    const others = modules.filter((it) => !it.startsWith('node:'));
    expect([name, others]).toEqual([name, PEERS[name] ?? []]);
    for (const it of local) {
      const file = path.posix.join(path.posix.dirname(name), it);
      const candidates = [file, `${file}.js`, `${file}/index.js`];
      const known = (it) => it === 'package.json' || sources.has(it);
      expect([name, it, candidates.some(known)]).toEqual([name, it, true]);
    }
  }
  expect(Object.keys(manifest.dependencies ?? {})).toEqual([]);
  const { peerDependencies, peerDependenciesMeta } = manifest;
  const peers = Object.values(PEERS).flat().sort();
  expect(Object.keys(peerDependencies).sort()).toEqual(peers);
  expect(peerDependenciesMeta).toEqual(
    Object.fromEntries(peers.map((name) => [name, { optional: true }])),
  );
  for (const name of peers) expect(doc).toContain(`| \`${name}\``);
});

test('no text is run as code, and no request is made', () => {
  const never =
    /^(eval|Function|globalThis|global|WebAssembly|fetch|WebSocket|EventSource|import\(…\)|\.constructor|process\.(binding|_linkedBinding|env\.…|mainModule)|node:(vm|http|https|http2|inspector|repl|worker_threads|sqlite|wasi)\b.*)$/;
  // Worker processes get the environment, as those of `child_process` do: it goes nowhere else.
  const allowed = {
    'src/js/ipc2/builder.js': ['process.env.…'],
    // No thread is started: a port wakes this one, and there is one warning in all of them.
    'src/js/engine/js/bell.js': ['node:worker_threads.MessageChannel'],
    'src/js/engine/fallback.js': [
      'node:worker_threads.getEnvironmentData',
      'node:worker_threads.setEnvironmentData',
    ],
  };
  for (const name of sources.keys()) {
    const found = opens(name).opens.filter((it) => never.test(it));
    expect([name, found]).toEqual([name, allowed[name] ?? []]);
  }
});

test('the source is readable: nothing is minified, packed or spelled in numbers', () => {
  for (const [name, text] of sources) {
    const longest = Math.max(...text.split('\n').map((line) => line.length));
    expect([name, longest < 200]).toEqual([name, true]);
    expect([name, text.match(/[A-Za-z0-9+/=]{80,}/g)]).toEqual([name, null]);
    expect([name, text.match(/(\\x[0-9a-f]{2}|\\u[0-9a-f]{4}){4,}/gi)]).toEqual([name, null]);
    expect([name, text.match(/\batob\b|fromCharCode/g)]).toEqual([name, null]);
    // What does not show when one reads it.
    expect([name, text.match(/[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g)]).toEqual([
      name,
      null,
    ]);
  }
});

test('the reader is not fooled by other ways to write the same', () => {
  const cases = {
    "const { exec } = require('child_process');": ['child_process.exec'],
    "const { core } = require('../core'); core('http').get('x');": ['node:http.get'],
    "const { core } = require('./core'); const { exec } = core('child_process');": [
      'node:child_process.exec',
    ],
    "const { core, now } = require('./core'); now(core(name));": ['core(…)', 'name'],
    "const { core } = require('./core'); const load = core; load('http');": ['core'],
    "const { core: load } = require('./core'); load('http');": ['core'],
    "const all = require('./core'); all.core('http');": ['core'],
    "require('./core').core(name);": ['core', 'name'],
    "const { process } = require('./core'); process.kill(process.env.PID);": [
      'process.env.PID',
      'process.kill',
    ],
    "const { process: p } = require('./core'); p.kill(1);": ['process'],
    "const { now } = require('./core'); const it = require('./core'); it.now(now());": [],
    "require('node:http').get('x');": ['node:http.get'],
    "const fs = require('node:fs'); fs['rm' + 'Sync']('/');": ['node:fs'],
    "const fs = require('node:fs'); use(fs);": ['node:fs', 'use'],
    'const { env } = process; send(env);': ['process.env.…', 'send'],
    'process["binding"]("fs");': ['process.binding'],
    'const p = process; p.kill(1);': ['process'],
    'require(name + ".js");': ['name', 'require(…)'],
    'const load = require; load("fs");': ['require.…'],
    'module.require("fs");': ['module'],
    '(0, eval)("1"); new Function("1");': ['Function', 'eval'],
    '(() => {}).constructor("1")();': ['.constructor'],
    'import("node:net");': ['node:net'],
    "run(Buffer.from(text, 'base64'));": ["Buffer.from(…, 'base64')", 'run', 'text'],
    'fetch("http://example.com");': ['fetch'],
    'const fetch = () => {}; fetch();': [],
  };
  for (const [source, expected] of Object.entries(cases))
    expect([source, opensOf(source).opens]).toEqual([source, expected]);
});

test('when it runs: requiring it touches nothing, the first server its binary only', async () => {
  const place = await world.place('unix');
  const child = world.child('what-it-touches.js', [place.options.path], { cwd: world.tmp() });
  const { code, lines, stderr } = await child.exited;
  expect([code, stderr]).toEqual([0, '']);
  const [{ required, served, prototypes }] = lines;
  expect(required).toEqual([]);
  // Of the environment: what the documentation says the file that loads the binary reads.
  const env = (it) => it.startsWith('env ');
  expect(new Set(served.filter(env))).toEqual(
    new Set([
      'env NAPI_RS_NATIVE_LIBRARY_PATH',
      'env FERRIPC_DRIVER',
      'env FERRIPC_NO_FALLBACK',
      'env FERRIPC_TAP', // what asks for a tap (diagnostics/tap.js)
    ]),
  );
  // The folders that the binary is in are looked at, not into.
  const isAbove = (it) => ROOT.startsWith(it.replace(/^fs\.l?statSync /, ''));
  const files = served.filter((it) => !env(it) && !isAbove(it));
  const ofBinary = /^(fs\.(stat|lstat|realpath|open)Sync|process\.dlopen) .*ferripc\.[\w-]+\.node$/;
  expect(files.filter((it) => !ofBinary.test(it))).toEqual([]);
  expect(files.filter((it) => it.startsWith('process.dlopen '))).toHaveLength(1);
  expect(prototypes).toBe(true);
});

test('the harmful versions of node-ipc that the document lists are those that the doctor knows', () => {
  const { HARMFUL } = require('../src/js/diagnostics/doctor-machine');
  const section = /## node-ipc's bad versions\n([^]*?)\n## /.exec(doc)[1];
  const inTable = [...section.matchAll(/^\| (\d[^|]*?) +\|/gm)].flatMap(([, cell]) =>
    cell.split(', '),
  );
  const inProgram = /'node-ipc': \[([^\]]*)\]/.exec(section)[1].match(/[\d.]+/g);
  const known = Object.values(HARMFUL).flat().sort();
  expect([inTable.sort(), inProgram.sort()]).toEqual([known, known]);
});

'use strict';
// Apps that are bundled with ferripc, which has a native binary that no bundler can take in: left out of the bundle;
// inside it with the platform's package at hand, or the binary beside it; and inside it with nothing at hand but
// what somebody else may have put around it. And programs of one file, and archives, made of such bundles.
// Run by jest; installs the tools on the first run, from the lock file, without scripts.

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { promisify } = require('node:util');
const { each } = require('../helpers/combinations');
const everything = require('../helpers/everything');
const { putBinary, putPlatformPackage } = require('../helpers/installed');
const { onLinux, onUnix } = require('../helpers/platform');
const { install } = require('../helpers/registry');
const { mainManifest, stageMain } = require('../../scripts/pack');

jest.setTimeout(180_000); // for the installation, and for bundlers on a busy machine

const ROOT = path.join(__dirname, '..', '..');
const BUNDLERS = {
  esbuild: 'cjs',
  'esbuild, ES module': 'mjs',
  ncc: 'cjs',
  webpack: 'cjs',
  'webpack, development': 'cjs',
  rollup: 'mjs',
  vite: 'mjs',
  'vite library': 'mjs',
};

let directory;
let project; // an app with its node_modules: ferripc as it is packed, and the platform's package
let alone; // somewhere without node_modules

beforeAll(() => {
  install(__dirname);
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-bundlers-'));
  project = path.join(directory, 'project');
  alone = path.join(directory, 'alone');
  fs.mkdirSync(path.join(project, 'node_modules'), { recursive: true });
  for (const file of ['app.mjs', 'app.cjs', 'round-trip.mjs']) {
    fs.copyFileSync(path.join(__dirname, file), path.join(project, file));
  }
  const ferripc = path.join(project, 'node_modules', 'ferripc');
  stageMain(ferripc);
  fs.writeFileSync(path.join(ferripc, 'package.json'), JSON.stringify(mainManifest()));
  putPlatformPackage(path.join(project, 'node_modules'));
});

afterAll(() => fs.rmSync(directory, { recursive: true, force: true }));

/** Runs a program, without the engine in JavaScript. Resolves with what it printed. */
async function run(command, args, cwd = directory) {
  const env = { ...process.env, FERRIPC_NO_FALLBACK: '1' };
  const { stdout } = await promisify(execFile)(command, args, { cwd, env });
  return stdout.trim();
}

/** Runs one that may use it. Resolves with what it printed, and how many warnings of it there were. */
async function runAnyhow(command, args) {
  const { stdout, stderr } = await promisify(execFile)(command, args, { cwd: directory });
  return [stdout.trim(), stderr.match(/FERRIPC_FALLBACK/g)?.length ?? 0];
}

const FELL_BACK = ['hello world', 1];
const NATIVE = ['hello world', 0];

const runNode = (...args) => run(process.execPath, args);

/** Bundles the app, beside its node_modules, once. Resolves with the path of the bundle. */
async function bundle(bundler, ...options) {
  const name = `dist-${bundler.replace(/\W+/g, '-')}-${options.join()}`;
  const file = path.join(project, name, `main.${BUNDLERS[bundler]}`);
  const script = path.join(__dirname, 'bundle.js');
  if (!fs.existsSync(file)) await runNode(script, bundler, project, file, ...options);
  return file;
}

/** The bundle of the app with ferripc inside, in a folder without node_modules. */
async function bundleAlone(bundler, folder) {
  const made = await bundle(bundler);
  const file = path.join(folder, path.basename(path.dirname(made)), path.basename(made));
  fs.cpSync(path.dirname(made), path.dirname(file), { recursive: true });
  return file;
}

const socket = () => path.join(directory, 'socket');

/** Runs a bundle. Resolves with the answer to its greeting, or the code of the error. */
const start = (file) => runNode(file, socket());

/** Puts the binary, or a package of it, into each folder above `file`, as somebody else may have done. */
function plantAbove(file) {
  for (let at = path.dirname(path.dirname(file)); at.startsWith(directory); at = path.dirname(at))
    putBinary(at);
}

/** Those that leave ferripc out where they are asked to: each night all. */
const LEAVING_OUT = everything ? Object.keys(BUNDLERS) : ['esbuild'];

test.each(LEAVING_OUT)(
  '%s, ferripc is external: the bundle works, and has none of it',
  async (bundler) => {
    const file = await bundle(bundler, 'external');
    expect(await start(file)).toBe('hello world');
    expect(fs.statSync(file).size).toBeLessThan(10_000);
  },
);

/** Each night all; otherwise one of each bundler. */
const INSIDE = everything
  ? Object.keys(BUNDLERS)
  : ['esbuild', 'esbuild, ES module', 'ncc', 'webpack', 'rollup', 'vite'];

describe.each(INSIDE)('%s', (bundler) => {
  test('ferripc is inside, the binary in node_modules: the bundle works', async () => {
    expect(await start(await bundle(bundler))).toBe('hello world');
  });

  test('ferripc is inside: only a binary beside the bundle is loaded, none above it', async () => {
    const file = await bundleAlone(bundler, alone);
    plantAbove(file);
    expect(await start(file)).toBe('ERR_FERRIPC_NO_BINARY');
    expect(await runAnyhow(process.execPath, [file, socket()])).toEqual(FELL_BACK);
    // Neither one in the working directory, nor beside what an argument names.
    const imported = `import(${JSON.stringify(pathToFileURL(file).href)})`;
    const planted = path.join(alone, 'x');
    putBinary(planted);
    const args = [
      '-e',
      `process.argv.splice(1, 2, ${JSON.stringify(planted)}, ...process.argv.slice(1));${imported}`,
      socket(),
    ];
    expect(await run(process.execPath, args, planted)).toBe('ERR_FERRIPC_NO_BINARY');
    putBinary(path.dirname(file));
    expect(await runAnyhow(process.execPath, [file, socket()])).toEqual(NATIVE);
  });
});

// Of Node's single executables: since Node 20.
const [major] = process.versions.node.split('.');
(major >= 20 ? onLinux.test : test.skip)('a single executable: the binary beside it', async () => {
  const folder = path.join(alone, 'single');
  const main = await bundleAlone('esbuild', folder);
  const [blob, program] = ['blob', 'program'].map((name) => path.join(folder, name));
  const config = path.join(folder, 'sea.json');
  const options = { main, output: blob, disableExperimentalSEAWarning: true };
  fs.writeFileSync(config, JSON.stringify(options));
  await runNode('--experimental-sea-config', config);
  fs.copyFileSync(process.execPath, program);
  const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
  const postject = path.join(__dirname, 'node_modules', 'postject', 'dist', 'cli.js');
  await runNode(postject, program, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', fuse);
  // Its script is known by the name of its source: that place says nothing, either.
  plantAbove(program);
  putBinary(path.dirname(main));
  expect(await run(program, [socket()])).toBe('ERR_FERRIPC_NO_BINARY');
  expect(await runAnyhow(program, [socket()])).toEqual(FELL_BACK);
  putBinary(folder);
  expect(await run(program, [socket()])).toBe('hello world');
  fs.symlinkSync(program, path.join(alone, 'link'));
  expect(await run(path.join(alone, 'link'), [socket()])).toBe('hello world');
});

onUnix.test('a program of pkg: the binary beside it', async () => {
  const folder = path.join(alone, 'packed');
  const main = await bundle('esbuild');
  const args = [path.join(__dirname, 'snapshot.js'), main, path.join(folder, 'program'), socket()];
  plantAbove(folder);
  expect(await runNode(...args)).toBe('ERR_FERRIPC_NO_BINARY');
  expect(await runAnyhow(process.execPath, args)).toEqual(FELL_BACK);
  putBinary(folder);
  expect(await runNode(...args)).toBe('hello world');
});

test('an extension of VS Code: one bundle for all platforms, with a binary beside it or without', async () => {
  const example = path.join(ROOT, 'examples', 'vscode-extension');
  const folder = path.join(alone, 'extension');
  for (const name of ['extension.js', 'helper.js']) {
    fs.copyFileSync(path.join(example, name), path.join(project, name));
    const script = path.join(__dirname, 'bundle.js');
    await runNode(script, 'esbuild', project, path.join(folder, name), `./${name}`);
  }
  const said = 'activated\nmessage: 4 words\ndeactivated, 0 commands left';
  const start = () => runAnyhow(process.execPath, [path.join(example, 'index.js'), folder]);
  expect(await start()).toEqual([said, 2]); // in each process
  putBinary(folder);
  expect(await start()).toEqual([said, 0]);
});

test('a preload script of Electron: works with an isolated page, and not in a sandbox', async () => {
  fs.copyFileSync(path.join(__dirname, 'preload.js'), path.join(project, 'preload.js'));
  const file = path.join(alone, 'preload', 'preload.js');
  const script = path.join(__dirname, 'bundle.js');
  await runNode(script, 'esbuild', project, file, './preload.js');
  const window = (...args) => [path.join(__dirname, 'window.js'), file, socket(), ...args];
  const said = 'Alice and Bob undefined undefined'; // the page has nothing of Node's
  expect(await runAnyhow(process.execPath, window())).toEqual([said, 1]);
  putBinary(path.dirname(file));
  expect(await runNode(...window())).toBe(said);
  expect(await runNode(...window('sandbox'))).toMatch(/^module not found: (node:)?\w+$/);
});

onUnix.describe('an archive of Electron', () => {
  test.each([
    ['node_modules', true],
    ['a bundle', false],
  ])('with %s: the binary that is kept out of it', async (name, hasModules) => {
    const folder = path.join(alone, `archive of ${name}`);
    const [app, archive] = [path.join(folder, 'app'), path.join(folder, 'app.asar')];
    const modules = path.join(app, 'node_modules');
    fs.mkdirSync(modules, { recursive: true });
    if (hasModules) {
      fs.cpSync(path.join(project, 'node_modules', 'ferripc'), path.join(modules, 'ferripc'), {
        recursive: true,
      });
      const text = fs.readFileSync(path.join(project, 'round-trip.mjs'), 'utf8');
      fs.writeFileSync(
        path.join(app, 'round-trip.js'),
        text.replace('export default', 'module.exports ='),
      );
      fs.writeFileSync(path.join(app, 'main.js'), "require('./round-trip')(require('ferripc'));");
    } else {
      fs.copyFileSync(await bundle('esbuild'), path.join(app, 'main.js'));
    }
    putPlatformPackage(modules);
    const { createPackageWithOptions: pack } = require('@electron/asar');
    await pack(app, archive, { unpack: '**/*.node' });
    fs.rmSync(app, { recursive: true });
    const args = [path.join(__dirname, 'archive.js'), archive, 'main.js', socket()];
    expect(await runNode(...args)).toBe('hello world');
    fs.rmSync(`${archive}.unpacked`, { recursive: true });
    plantAbove(archive);
    expect(await runNode(...args)).toBe('ERR_FERRIPC_NO_BINARY');
    expect(await runAnyhow(process.execPath, args)).toEqual(FELL_BACK);
  });
});

// As with node-ipc 9, whose CommonJS bundlers take apart.
const BY_NAME = everything ? ['esbuild', 'webpack', 'rollup', 'vite', 'vite library'] : ['esbuild'];

describe.each(each({ bundler: BY_NAME, name: ['members.js', 'members.mjs'] }))(
  '$bundler: members by name',
  ({ bundler, name }) => {
    test(name, async () => {
      fs.writeFileSync(path.join(project, name), require('./members'));
      const file = path.join(
        project,
        'members',
        `${bundler}-${name}`.replace(/m?js$/, BUNDLERS[bundler]),
      );
      const script = path.join(__dirname, 'bundle.js');
      const run = promisify(execFile);
      await run(process.execPath, [script, bundler, project, file, `./${name}`]);
      const { stdout } = await run(process.execPath, [file]);
      expect(stdout.trim()).toBe('true true true true true true false true true');
    });
  },
);

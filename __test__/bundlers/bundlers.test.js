'use strict';
// Apps that are bundled with ferripc, which has a native binary that no bundler can take in: left out of
// the bundle, inside it with the platform's package at hand, and inside it with nothing at hand. Run by
// jest; installs the bundlers on the first run, from the lock file, without scripts.

const { execFile, execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');
const { candidates } = require('../../src/js/engine/native');

jest.setTimeout(180_000); // for the installation, and for bundlers on a busy machine

const ROOT = path.join(__dirname, '..', '..');
const BUNDLERS = { esbuild: 'cjs', webpack: 'cjs', vite: 'mjs', 'vite library': 'mjs' };

let directory;
let project; // an app with its node_modules: ferripc as it is packed, and the platform's package
let alone; // somewhere without node_modules

const npm = (cwd, ...args) =>
  execFileSync('npm', args, { cwd, stdio: 'pipe', shell: process.platform === 'win32' });

const changed = (file) =>
  fs.statSync(path.join(__dirname, file), { throwIfNoEntry: false })?.mtimeMs || 0;

function writePlatformPackage(modules) {
  const addon = candidates().find((name) => fs.existsSync(path.join(ROOT, name)));
  const name = addon.replace(/^ferripc\.(.*)\.node$/, 'ferripc-$1');
  fs.mkdirSync(path.join(modules, name));
  fs.copyFileSync(path.join(ROOT, addon), path.join(modules, name, addon));
  fs.writeFileSync(path.join(modules, name, 'package.json'), JSON.stringify({ main: addon }));
}

beforeAll(() => {
  if (changed('node_modules/.package-lock.json') <= changed('package-lock.json')) {
    npm(__dirname, 'ci', '--ignore-scripts', '--no-audit', '--no-fund');
  }
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-bundlers-'));
  project = path.join(directory, 'project');
  alone = path.join(directory, 'alone');
  fs.mkdirSync(path.join(project, 'node_modules'), { recursive: true });
  for (const file of ['app.mjs', 'app.cjs', 'round-trip.mjs']) {
    fs.copyFileSync(path.join(__dirname, file), path.join(project, file));
  }
  npm(ROOT, 'pack', '--ignore-scripts', '--pack-destination', directory);
  const packed = fs.readdirSync(directory).find((name) => name.endsWith('.tgz'));
  execFileSync('tar', ['-xzf', packed], { cwd: directory });
  fs.renameSync(path.join(directory, 'package'), path.join(project, 'node_modules', 'ferripc'));
  writePlatformPackage(path.join(project, 'node_modules'));
});

afterAll(() => fs.rmSync(directory, { recursive: true, force: true }));

/** Runs a script with arguments. Resolves with what it printed. */
async function run(script, ...args) {
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...args]);
  return stdout.trim();
}

/** Bundles the app into `folder`. Resolves with the path of the bundle. */
async function bundle(bundler, folder, ...options) {
  const file = path.join(folder, `dist-${options.join()}`, `${bundler}.${BUNDLERS[bundler]}`);
  await run(path.join(__dirname, 'bundle.js'), bundler, project, file, ...options);
  return file;
}

/** Runs a bundle. Resolves with the answer to its greeting, or the code of the error. */
const start = (file) => run(file, path.join(directory, 'socket'));

describe.each(Object.keys(BUNDLERS))('%s', (bundler) => {
  test('ferripc is external: the bundle works, and has none of it inside', async () => {
    const file = await bundle(bundler, project, 'external');
    expect(await start(file)).toBe('hello world');
    expect(fs.statSync(file).size).toBeLessThan(5_000);
  });

  test('ferripc is inside, the binary in node_modules: the bundle works', async () => {
    expect(await start(await bundle(bundler, project))).toBe('hello world');
  });

  test('ferripc is inside, the binary nowhere: the error says what is missing', async () => {
    expect(await start(await bundle(bundler, alone))).toBe('ERR_FERRIPC_NO_BINARY');
  });
});

// As with node-ipc 9, whose CommonJS bundlers take apart.
describe.each(['esbuild', 'webpack', 'vite', 'vite library'])('%s: members by name', (bundler) => {
  test.each(['members.js', 'members.mjs'])('%s', async (name) => {
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
});

'use strict';
// The command `ferripc`: its doctor, and how it is called.

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { version } = require('../package.json');
const { candidates } = require('../src/js/engine/platform');
const { onUnix } = require('./helpers/platform');
const { createWorld } = require('./helpers/world');

const world = createWorld();
const ROOT = path.join(__dirname, '..');

/** Runs the command of the package in `home`, in the test's directory. */
function run(args, { home = ROOT, env = {}, cwd = world.tmp() } = {}) {
  const command = path.join(home, 'bin', 'ferripc.js');
  const options = { cwd, env: { ...process.env, ...env } };
  return new Promise((resolve) => {
    execFile(process.execPath, [command, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error ? error.code : 0, stdout, stderr });
    });
  });
}

async function report(options) {
  const { code, stdout, stderr } = await run(['doctor', '--json'], options);
  expect(stderr).toBe('');
  const all = JSON.parse(stdout);
  expect(code).toBe(all.ok ? 0 : 1);
  return all;
}

/** A copy of the package without its binary. */
function install() {
  const home = world.file('elsewhere');
  for (const name of ['package.json', 'bin', 'src/js']) {
    fs.cpSync(path.join(ROOT, name), path.join(home, name), { recursive: true });
  }
  return home;
}

/** A package that somebody has installed. */
function put(folder, name, version) {
  const at = path.join(world.tmp(), folder);
  fs.mkdirSync(at, { recursive: true });
  fs.writeFileSync(path.join(at, 'package.json'), JSON.stringify({ name, version }));
}

describe('doctor', () => {
  test('finds everything, and every transport works', async () => {
    const all = await report();
    expect(all).toMatchObject({ ok: true, problems: [], ferripc: { version, path: ROOT } });
    expect(all.runtime.node).toBe(process.versions.node);
    expect(all.platform).toMatchObject({ platform: process.platform, arch: process.arch });
    const { file, size, sha256 } = all.binary;
    expect(all.binary.version).toBe(version);
    expect(size).toBe(fs.statSync(file).size);
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(all.probes.map(({ name, ok }) => [name, ok])).toEqual([
      ['local', true],
      ['tcp', true],
      ['udp', true],
      ['tls', true],
    ]);
    for (const { roundTripUs } of all.probes) expect(roundTripUs).toBeGreaterThan(0);
    expect(all.limits.defaultPathLength).toBeLessThan(all.limits.longestPath);
  });

  test('says the same to people', async () => {
    const { code, stdout, stderr } = await run(['doctor'], { env: { FERRIPC_DRIVER: 'tokio' } });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`  ferripc      ${version}, ${ROOT}\n`);
    expect(stdout).toMatch(/^ {2}driver {7}tokio: FERRIPC_DRIVER=tokio$/m);
    expect(stdout).toMatch(/^ {2}environment {2}FERRIPC_DRIVER=tokio$/m);
    // Where pipes are used there are no files of sockets, and no folder of them to look at.
    expect(/^ +\/tmp\/: writable$/m.test(stdout)).toBe(process.platform !== 'win32');
    for (const title of ['TCP', 'UDP', 'TLS']) {
      expect(stdout).toMatch(
        new RegExp(`^  ${title} +ok, up in [\\d.]+ ms, round trip [\\d.]+ µs$`, 'm'),
      );
    }
    expect(stdout.endsWith('\nAll is well.\n')).toBe(true);
  });

  test('without a binary: what was tried, what to do, and 1', async () => {
    const home = install();
    const all = await report({ home });
    expect(all).toMatchObject({ ok: false, driver: null, probes: [] });
    expect(all.binary.code).toBe('ERR_FERRIPC_NO_BINARY');
    expect(all.problems).toEqual([all.binary.error]);
    const { code, stdout } = await run(['doctor'], { home });
    expect(code).toBe(1);
    expect(stdout).toContain('Problem: ferripc has no native binary that loads');
    expect(stdout).toContain(`${path.join(home, candidates()[0])}: not found`);
  });

  test('names the packages that ferripc replaces, and those with malware', async () => {
    put('node_modules/node-ipc', 'node-ipc', '9.2.1');
    put('node_modules/@achrinza/node-ipc', '@achrinza/node-ipc', '10.1.11');
    put('node_modules/@vue/cli-ui/node_modules/node-ipc', 'node-ipc', '10.1.2');
    put('node_modules/.pnpm/node-ipc@11.1.0/node_modules/node-ipc', 'node-ipc', '11.1.0');
    put('node_modules/alias', 'ferripc', '0.0.9');
    put('node_modules/other', 'other', '10.1.2');
    fs.mkdirSync(world.file('src'));
    const { packages, problems } = await report({ cwd: world.file('src') });
    const found = packages.map(({ name, version, malware }) => `${name} ${version} ${malware}`);
    expect(found.sort()).toEqual([
      '@achrinza/node-ipc 10.1.11 null',
      'ferripc 0.0.9 null',
      'node-ipc 10.1.2 malware',
      'node-ipc 11.1.0 peacenotwar',
      'node-ipc 9.2.1 null',
    ]);
    expect(problems).toHaveLength(2);
    expect(problems.join()).toContain('node-ipc 11.1.0');
    expect(problems.join()).toContain('carries peacenotwar');
  });

  onUnix.test('a transport that does not work is a problem, and the others are tried', async () => {
    const { problems, probes } = await report({ env: { TMPDIR: '/nonexistent' } });
    expect(probes.map(({ ok }) => ok)).toEqual([false, true, true, true]);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^unix socket does not work: ENOENT/);
  });
});

describe('the command', () => {
  test('--version', async () => {
    expect(await run(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('--help', async () => {
    const { code, stdout, stderr } = await run(['--help']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Usage: ferripc /);
  });

  test.each([[[]], [['unknown']], [['doctor', '--unknown']], [['--version', 'more']]])(
    '%j: usage on stderr, and 2',
    async (args) => {
      const { code, stdout, stderr } = await run(args);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(/^Usage: ferripc /);
    },
  );
});

'use strict';
// `ferripc doctor`.

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');
const { version } = require('../package.json');
const { candidates, packageOf } = require('../src/js/engine/platform');
const { ROOT, commandOf, tooOld } = require('./helpers/command');
const everything = require('./helpers/everything');
const { built, putBinary, putPlatformPackage } = require('./helpers/installed');
const { onLinux, onUnix } = require('./helpers/platform');
const { createWorld } = require('./helpers/world');

const world = createWorld();
const { run } = commandOf(world);

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

/** A package that is installed. */
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
    const env = { FERRIPC_NO_FALLBACK: '1' };
    const all = await report({ home, env });
    expect(all).toMatchObject({ ok: false, driver: null, probes: [] });
    expect(all.binary.code).toBe('ERR_FERRIPC_NO_BINARY');
    expect(all.problems).toEqual([all.binary.error]);
    const { code, stdout } = await run(['doctor'], { home, env });
    expect(code).toBe(1);
    expect(stdout).toContain('Problem: ferripc has no native binary that loads');
    expect(stdout).toContain(`not found: ${path.join(home, candidates()[0])}`);
    expect(stdout).toMatch(/^ {2}binary {7}none$/m);
  });

  test('without a binary: what works all the same', async () => {
    const home = install();
    const { code, stdout, stderr } = await run(['doctor'], { home });
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout).toMatch(/^ {2}driver {7}js: no binary loads$/m);
    expect(stdout).toMatch(/^ {2}TLS +ok, /m);
    expect(stdout).toMatch(
      /^Problem: The JavaScript engine takes the place of the native one: .*no native binary/m,
    );
  });

  test('FERRIPC_DRIVER=js is as it should be', async () => {
    const { code, stdout } = await run(['doctor'], { env: { FERRIPC_DRIVER: 'js' } });
    expect(stdout).toMatch(/^ +left out: FERRIPC_DRIVER=js$/m);
    expect([code, stdout.endsWith('\nAll is well.\n')]).toEqual([0, true]);
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

  describe('looks at the binary before it loads it', () => {
    const whole = () => fs.readFileSync(path.join(ROOT, built));
    const lineOf = (stdout, name) => stdout.split('\n').findIndex((line) => line.includes(name));

    test('everything else about it, and its file, are printed before', async () => {
      const { stdout } = await run(['doctor']);
      const order = ['runtime', 'limits', 'packages', built, 'sha256', 'version ', 'driver'];
      const lines = order.map((name) => lineOf(stdout, name));
      expect(lines).toEqual([...lines].sort((a, b) => a - b));
      expect(lines).not.toContain(-1);
      expect(stdout).toContain(`bytes, for ${process.platform}-${process.arch}\n`);
    });

    onLinux.test('even if loading it ends the process', async () => {
      const home = install();
      const broken = whole();
      broken.fill(0xff, 4096, broken.length - 4096); // its head is as it should be, and so is its end
      putBinary(home, broken);
      const { code, stdout } = await run(['doctor'], { home });
      expect(code).not.toBe(0);
      expect(stdout).toContain(path.join(home, built));
      expect(stdout).toMatch(/sha256 [0-9a-f]{64}/);
    });

    test.each(everything ? [1, 0.5, 0.01] : [0.5])(
      'one that was cut off is not loaded (%d of it)',
      async (part) => {
        const home = install();
        const bytes = whole();
        putBinary(home, bytes.subarray(0, Math.floor(bytes.length * part) - 1));
        const { code, stdout, stderr } = await run(['doctor'], { home });
        expect([code, stderr]).toEqual([1, '']);
        expect(stdout).toMatch(/^ +FAULTY: incomplete: it has [\d,]+ bytes/m);
        expect(stdout).toMatch(/^Problem: .* cannot be loaded: incomplete.*install again/m);
        const all = await report({ home });
        expect(all.binary).toMatchObject({ code: 'ERR_FERRIPC_NO_BINARY' });
        expect(all.binary.fault).toContain('incomplete');
      },
    );

    test('one that differs from the note of its build is not loaded', async () => {
      const home = install();
      const file = putPlatformPackage(path.join(home, 'node_modules'));
      const folder = path.dirname(file);
      const manifest = { name: packageOf(built), main: built };
      fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest));
      const note = path.join(folder, built.replace(/node$/, 'build.json'));
      const { sha256 } = (await report({ home })).binary;
      fs.writeFileSync(note, JSON.stringify({ sha256 }));
      expect(await report({ home })).toMatchObject({ ok: true, binary: { fault: null } });
      fs.writeFileSync(note, JSON.stringify({ sha256: '0'.repeat(64) }));
      const { ok, problems, probes } = await report({ home });
      expect([ok, probes]).toEqual([false, []]);
      expect(problems[0]).toContain(
        `damaged or changed: it was built with the sha256 ${'0'.repeat(64)}`,
      );
    });
  });

  onUnix.test.each(everything ? [19, 20, 21, 22, 23, 25] : [20, 22])(
    'with %d descriptors there is a report',
    async (most) => {
      const wrap = ['sh', '-c', `ulimit -n ${most}; exec "$@"`, 'sh'];
      const alone = await run(['--version'], { wrap });
      if (alone.code !== 0) return; // with so few, this Node does not start
      const { code, stdout, stderr } = await run(['doctor'], { wrap });
      expect(stderr).toBe('');
      expect(stdout).toMatch(/^ {2}limits /m);
      const json = JSON.parse((await run(['doctor', '--json'], { wrap })).stdout);
      // How many are needed depends on how many Node itself has open.
      if (code === 0) {
        expect(json.ok).toBe(true);
        return;
      }
      expect(code).toBe(1);
      expect(stdout).toMatch(/^Problem: /m);
      expect(stdout).toContain('ulimit -n');
      expect(json.ok).toBe(false);
    },
  );

  onUnix.test('the last descriptor is enough, also where the output is a pipe', async () => {
    let seen = 0;
    for (let most = 17; most <= 22; most++) {
      const piped = async (...args) => {
        const script = `ulimit -n ${most}; "$@" </dev/null 2>/dev/null | cat`;
        const command = ['-c', script, 'sh', process.execPath, ...args];
        return (await promisify(execFile)('sh', command)).stdout;
      };
      const file = JSON.stringify(path.join(ROOT, 'package.json'));
      if ((await piped('-e', `require(${file}); console.log('starts')`)) !== 'starts\n') continue;
      expect(await piped(path.join(ROOT, 'bin', 'ferripc.js'), 'doctor')).toMatch(/^ {2}limits /m);
      if (++seen === 2) break;
    }
    expect(seen).toBe(2);
  });

  describe('the remedy fits', () => {
    const { problemsOf } = require('../src/js/diagnostics/doctor-advice');
    const remedyFor = (code, error = `${code}: something, mkdtemp '/x/ferripc-'`) => {
      const limits = { temporary: '/x', longestPath: 107, defaultPathLength: 1 };
      const probes = [{ title: 'unix socket', ok: false, error, code }];
      return problemsOf({ ferripc: { version }, binary: {}, limits, packages: [], probes })[0];
    };

    test.each([
      ['ENOSPC', /no room left for files in \/x.*df -i/],
      ['EROFS', /read-only/],
      ['ENOENT', /no folder \/x: create it, or set TMPDIR/],
      ['ENAMETOOLONG', /at most 107 bytes: set TMPDIR to a shorter/],
      ['ERR_ACCESS_DENIED', /--allow-fs-write/],
      ['EACCES', /permissions/],
      ['EMFILE', /ulimit -n/],
      ['ENFILE', /whole system/],
      ['EADDRNOTAVAIL', /loopback/],
      ['EOTHER', /NODE_DEBUG=ferripc/],
    ])('for %s', (code, remedy) => {
      expect(remedyFor(code)).toMatch(remedy);
    });

    onUnix.test('when the folder has a name that is too long', async () => {
      const folder = path.join(world.tmp(), 'x'.repeat(120));
      fs.mkdirSync(folder);
      const { problems } = await report({ env: { TMPDIR: folder } });
      expect(problems).toEqual([
        expect.stringMatching(/ENAMETOOLONG.*set TMPDIR to a shorter one/),
      ]);
    });

    onUnix.test('when the folder is missing', async () => {
      const { problems } = await report({ env: { TMPDIR: '/nonexistent' } });
      expect(problems).toEqual([
        expect.stringMatching(/There is no folder \/nonexistent: create it/),
      ]);
    });

    const permission = ['--permission', '--experimental-permission'].find((it) =>
      process.allowedNodeEnvironmentFlags.has(it),
    );
    (permission ? test : test.skip)("when Node's permission model forbids it", async () => {
      const flags = [permission, '--allow-fs-read=*', '--no-warnings'];
      const without = await run(['doctor'], { flags });
      expect([without.code, without.stderr]).toEqual([1, '']);
      expect(without.stdout).toContain('add --allow-addons');
      const { code, stdout, stderr } = await run(['doctor'], {
        flags: [...flags, '--allow-addons'],
      });
      expect([code, stderr]).toEqual([1, '']);
      expect(stdout).toMatch(/^Problem: .*--allow-fs-write/m);
      expect(`${without.stdout}${stdout}`).not.toMatch(/[.][.] /);
    });
  });
});

test('on a Node that is too old it says so', async () => {
  const { flags } = tooOld(world);
  const { code, stdout, stderr } = await run(['doctor'], { flags });
  expect([code, stderr]).toEqual([1, '']);
  expect(stdout).toMatch(/^Problem: this is Node 16\.20\.2, and ferripc needs Node 18 or later/);
  expect(await report({ flags })).toMatchObject({
    ok: false,
    problems: [expect.stringContaining('Node 16.20.2')],
  });
});

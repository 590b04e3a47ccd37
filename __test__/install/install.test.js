'use strict';
// Installs the packages as they are published, with every package manager, on a machine that has Node and
// nothing else: from a registry and from files, under their own name, under node-ipc's, and in the place of the
// node-ipc of other packages. Then programs use what was installed. The commands are those of
// docs/installing.md. Run by jest; not on Windows, where the traps (see managers.js) cannot be set.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const zlib = require('node:zlib');
const { packLocal, packMain, mainManifest, platformManifest } = require('../../scripts/pack');
const { platforms, fileOf, packageOf } = require('../../scripts/platforms');
const { candidates, libc, packageOf: packageOfFile } = require('../../src/js/engine/platform');
const everything = require('../helpers/everything');
const { onUnix } = require('../helpers/platform');
const { createTurns } = require('../helpers/turns');
const sections = require('./document');
const { managers, run } = require('./managers');
const { Site, installed } = require('./site');

// Tests wait for their turn, which counts. What guards against a hang is the limit of each process, see managers.js.
jest.setTimeout(900_000);

const ROOT = path.join(__dirname, '..', '..');
const { bin, version } = mainManifest();
const here = platforms.find(
  (it) =>
    it.os === process.platform &&
    it.cpu === process.arch &&
    (!it.libc || libc().startsWith(it.libc)) &&
    fs.existsSync(path.join(ROOT, fileOf(it.name))),
);
const document = sections();

let directory;
let packages; // what registries have, as `{ packageJson, tarball }`
let local; // the two files of `npm run pack:local`

/** Packs a folder, which `fill` makes, quickly: nothing here looks at how it is packed. */
function tarballOf(packageJson, fill) {
  const stage = fs.mkdtempSync(path.join(directory, 'stage-'));
  fill(path.join(stage, 'package'));
  execFileSync('tar', ['-chf', 'packed.tar', 'package'], { cwd: stage });
  const tar = fs.readFileSync(path.join(stage, 'packed.tar'));
  const name = packageJson.name.replace(/^@/, '').replace('/', '-');
  const tarball = path.join(directory, `${name}-${packageJson.version}.tgz`);
  fs.writeFileSync(tarball, zlib.gzipSync(tar, { level: 1 }));
  return { packageJson, tarball };
}

/** A small package of the test's own: package.json, and files by name. */
function fixture(packageJson, files) {
  const full = { version: '1.0.0', main: 'index.js', ...packageJson };
  return tarballOf(full, (folder) => {
    fs.mkdirSync(folder);
    const all = { 'package.json': JSON.stringify(full), ...files };
    for (const [name, text] of Object.entries(all)) fs.writeFileSync(path.join(folder, name), text);
  });
}

/** A package that depends on a node-ipc, and says which it got. */
const dependant = (name, dependency) =>
  fixture(
    { name, dependencies: { [dependency]: '^9.2.0' } },
    {
      'round-trip.js': fs.readFileSync(path.join(__dirname, 'programs', 'round-trip.js')),
      'index.js': `const { name } = require('${dependency}/package.json');
        const roundTrip = require('./round-trip.js');
        module.exports = async (place) => name + ': ' + (await roundTrip(require('${dependency}'), place));`,
    },
  );

/** A package of this checkout's node_modules. */
function repacked(name) {
  const from = path.join(ROOT, 'node_modules', name);
  const packageJson = JSON.parse(fs.readFileSync(path.join(from, 'package.json'), 'utf8'));
  return tarballOf(packageJson, (folder) => fs.symlinkSync(from, folder));
}

function setUp() {
  directory = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-install-')));
  local = packLocal(path.join(ROOT, fileOf(here.name)), path.join(directory, 'local'));
  const others = platforms.filter((it) => it !== here).map((it) => platformManifest(it));
  packages = [
    { packageJson: mainManifest(), tarball: packMain(directory) },
    { packageJson: platformManifest(here), tarball: local[1] },
    ...others.map((it) => fixture(it, { [it.main]: 'not for this platform' })),
    dependant('uses-node-ipc', 'node-ipc'),
    dependant('uses-achrinza', '@achrinza/node-ipc'),
    fixture({ name: 'builds', scripts: { install: 'cargo build' } }, { 'index.js': '' }),
    ...['typescript', '@types/node', 'undici-types'].map(repacked),
  ];
}

const fileName = (name) => `${name}-${version}.tgz`;
const inTurn = createTurns(2);

/** A test with its own site, which runs beside another test. `reached` is false where there is no registry. */
function onSite(title, manager, act, reached = true) {
  test.concurrent(title, () =>
    inTurn(async () => {
      const site = await Site.open(manager, reached ? packages : null);
      try {
        await act(site);
        expect(site.called()).toBe('');
        const others = [...(site.registry?.unknown ?? [])];
        expect(others.filter((request) => !OPTIONAL_PEERS.includes(request))).toEqual([]);
      } finally {
        await site.close();
      }
    }),
  );
}

const BOTH = 'hello world,hello world';

/** npm looks at what it might install as peers; these are optional, and it does not. */
const OPTIONAL_PEERS = ['GET /@nats-io%2ftransport-node', 'GET /ioredis'];

/** What without-binary.js is to say: files are not found, packages fail for this reason. */
function expectNoBinary(said, ...reasons) {
  const [required, code, attempts, first] = said.split('\n');
  expect([required, code]).toEqual(['required', 'ERR_FERRIPC_NO_BINARY']);
  expect(first).toContain('ferripc has no native binary that loads on ');
  const tried = JSON.parse(attempts).map(({ place, reason }) => [place, reason]);
  const expected = candidates().flatMap((file, i) => [
    [expect.stringContaining(file), 'not found'],
    [packageOfFile(file), expect.stringMatching(`^${reasons[i] ?? reasons[0]}`)],
  ]);
  expect(tried).toEqual(expected);
}

(here ? onUnix.describe : describe.skip)('installed', () => {
  beforeAll(setUp);
  afterAll(() => fs.rmSync(directory, { recursive: true, force: true }));

  const all = Object.entries(managers);
  const most = everything ? all : all.filter(([name]) => name !== 'Yarn 4 (node_modules)');
  // Each night all managers do everything. Otherwise each installs the package by its name, and one or two do each of
  // the rest.
  const some = (...names) => (everything ? all : names.map((name) => [name, managers[name]]));

  for (const [name, manager] of most) {
    const [add, , addLocked] = document[manager.heading].commands;
    const title =
      'by its own name: CommonJS, ES modules, TypeScript; no script, nothing of other platforms; from the lock file';
    onSite(`${name}: ${title}`, manager, async (site) => {
      const cwd = site.project();
      const output = await site.type(cwd, add);
      expect(output).not.toMatch(/^> |gyp|cargo|rebuild/m); // `> ` is how a script is announced
      const fits = platforms.filter(
        (it) => it === here || (manager.takesAll && it.os === here.os && it.cpu === here.cpu),
      );
      const names = (taken) => ['ferripc', ...taken.map((it) => packageOf(it.name))].sort();
      const downloaded = names(manager.takesAll ? platforms : fits).map(fileName);
      expect([...site.registry.downloaded].sort()).toEqual(downloaded.sort());
      if (!manager.pnp) expect(installed(cwd)).toEqual(names(fits));
      expect(await site.start(cwd, 'required.js', 'ferripc')).toBe(BOTH);
      expect(await site.start(cwd, 'imported.mjs')).toBe(BOTH);

      if (name === 'npm') {
        const command = path.join(cwd, 'node_modules', '.bin', Object.keys(bin)[0]);
        const env = site.environment();
        const { code } = await run(process.execPath, [command, 'doctor'], { cwd, env });
        expect(code).toBe(0);
      }

      site.registry.forget();
      await site.typeLocked(cwd, addLocked);
      expect(site.registry.downloaded).toContain(fileName(packageOf(here.name)));
      if (!manager.takesAll) expect(site.registry.downloaded.size).toBe(2);
      expect(await site.start(cwd, 'required.js', 'ferripc')).toBe(BOTH);

      if (!everything && name !== 'npm') return;
      const resolutions = name === 'npm' ? ['node16', 'bundler', 'node10'] : ['node16'];
      for (const program of await site.compile(cwd, resolutions)) {
        expect(await site.start(cwd, program)).toBe('hello world');
      }
    });
  }

  for (const [name, manager] of some('pnpm')) {
    const [, addAlias] = document[manager.heading].commands;
    onSite(`${name}: under the name of node-ipc`, manager, async (site) => {
      const cwd = site.project();
      await site.type(cwd, addAlias);
      expect(await site.start(cwd, 'required.js', 'node-ipc')).toBe(BOTH);
    });
  }

  for (const [name, manager] of some('npm')) {
    const { json, yaml } = document[manager.heading];
    for (const settings of [...json, ...yaml]) {
      const inYaml = typeof settings === 'string';
      const title = `in the place of the node-ipc of other packages${inYaml ? ', by yaml' : ''}`;
      onSite(`${name}: ${title}`, manager, async (site) => {
        const dependencies = { 'uses-node-ipc': '1.0.0', 'uses-achrinza': '1.0.0' };
        const cwd = site.project({ dependencies, ...(inYaml ? {} : settings) });
        if (inYaml) fs.writeFileSync(path.join(cwd, 'pnpm-workspace.yaml'), settings);
        await site.type(cwd, manager.install);
        const answers = 'ferripc: hello world\nferripc: hello world';
        expect(await site.start(cwd, 'dependants.js')).toBe(answers);
      });
    }
  }

  for (const [name, manager] of some('Yarn 1')) {
    if (!manager.without) continue;
    onSite(`${name}: without optional dependencies`, manager, async (site) => {
      const cwd = site.project();
      const [add] = document[manager.heading].commands;
      await site.type(cwd, `${add} ${manager.without}`);
      const said = await site.start(cwd, 'without-binary.js');
      expectNoBinary(said, 'not found');
      expect(said).toContain('\n- Reinstall on this platform, without --omit=optional');
      expect(said).toContain('\n- On a platform without a prebuilt binary');
    });
  }

  for (const [name, manager] of some('npm')) {
    const { commands, json } = document['From files'];
    const [program] = manager.install.split(' ');
    const [add, addAlias] = commands.filter((it) => it.startsWith(`${program} `));
    const [, , addLocked] = document[manager.heading].commands;
    const forHere = (text) =>
      text.replaceAll('0.1.0', version).replaceAll('linux-x64-gnu', here.name);
    const act = async (site) => {
      const settings = program === 'yarn' ? JSON.parse(forHere(JSON.stringify(json[0]))) : {};
      for (const [command, as] of [
        [add, 'ferripc'],
        [addAlias, 'node-ipc'],
      ]) {
        const cwd = site.project(settings);
        for (const file of local) fs.copyFileSync(file, path.join(cwd, path.basename(file)));
        await site.type(cwd, forHere(command));
        expect(await site.start(cwd, 'required.js', as)).toBe(BOTH);
        if (as !== 'ferripc') continue;
        await site.typeLocked(cwd, addLocked);
        expect(await site.start(cwd, 'required.js', as)).toBe(BOTH);
      }
    };
    onSite(`${name}: from files, without a registry, by both names`, manager, act, false);
  }

  // What a copy of node_modules from somewhere else is like.
  describe('for another platform', () => {
    const { npm } = managers;
    const [add] = document.npm.commands;
    const chosen = document['For another platform'];

    for (const [name, manager] of everything
      ? ['npm', 'pnpm', 'Yarn 4 (PnP)'].map((it) => [it, managers[it]])
      : some('pnpm')) {
      onSite(`${name}: as asked for, and only that`, manager, async (site) => {
        const cwd = site.project({}, chosen.yaml);
        if (name === 'pnpm') {
          fs.writeFileSync(path.join(cwd, 'pnpm-workspace.yaml'), chosen.yaml[0]);
        }
        await site.type(cwd, document[manager.heading].commands[0]);
        if (name === 'npm') {
          site.registry.forget();
          await site.typeLocked(cwd, chosen.commands[0]);
        }
        const both = ['ferripc', 'ferripc-linux-arm64-musl'];
        expect([...site.registry.downloaded].sort()).toEqual(both.map(fileName).sort());
        if (!manager.pnp) expect(installed(cwd)).toEqual(both);
        if (here.name.startsWith('linux-arm64')) return; // there it would be tried
        const reason = manager.pnp ? 'Required unplugged package missing from disk' : 'not found';
        expectNoBinary(await site.start(cwd, 'without-binary.js'), reason);
      });
    }

    if (here?.libc) {
      onSite('another C library', npm, async (site) => {
        const cwd = site.project();
        const other = platforms.find(
          (it) => it.os === here.os && it.cpu === here.cpu && it.libc !== here.libc,
        );
        await site.type(cwd, `${add} --libc=${other.libc}`);
        expect(installed(cwd)).toEqual(['ferripc', packageOf(other.name)]);
        const reasons = candidates().map((file) =>
          file.includes(other.name) ? `.*${fileOf(other.name)}: ` : 'not found',
        );
        expectNoBinary(await site.start(cwd, 'without-binary.js'), ...reasons);
      });
    }
  });

  onSite('an installation script would be noticed', managers.npm, async (site) => {
    const failed = site.type(site.project(), 'npm i builds');
    await expect(failed).rejects.toThrow(/^npm i builds: /);
    expect(site.called()).toBe('sh -c cargo build\n');
    fs.rmSync(site.calls);
  });
});

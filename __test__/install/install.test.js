'use strict';
// Installs the packages as they are published, with every package manager, on a machine that has Node and
// nothing else: from a registry and from files, under their own name, under node-ipc's, and in the place of the
// node-ipc of other packages. Then programs use what was installed. The commands are those of
// docs/installing.md. Run by jest; not on Windows, where the traps (see managers.js) cannot be set.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const {
  packMain,
  packPlatform,
  pack,
  mainManifest,
  platformManifest,
} = require('../../scripts/pack');
const { platforms, fileOf, packageOf } = require('../../scripts/platforms');
const { candidates, libc } = require('../../src/js/native');
const { onUnix } = require('../helpers/platform');
const sections = require('./document');
const { managers, run, setTraps, environment, yarnrc } = require('./managers');
const startRegistry = require('./registry');

jest.setTimeout(120_000); // for a busy machine

const ROOT = path.join(__dirname, '..', '..');
const PROGRAMS = path.join(__dirname, 'programs');
const { version } = mainManifest();
const here = platforms.find(
  (it) =>
    it.os === process.platform &&
    it.cpu === process.arch &&
    (!it.libc || libc().startsWith(it.libc)) &&
    fs.existsSync(path.join(ROOT, fileOf(it.name))),
);
const document = sections();

let directory;
let registry;
let calls; // the file that traps write to
let environmentOf; // a package manager's: each has a home of its own
const tarballs = {};

/** A small package of the test's own. */
function fixture(packageJson, index) {
  const full = { version: '1.0.0', main: 'index.js', ...packageJson };
  const tarball = pack(full, path.join(directory, 'tarballs'), (stage) => {
    fs.writeFileSync(path.join(stage, 'index.js'), index);
    fs.copyFileSync(path.join(PROGRAMS, 'round-trip.js'), path.join(stage, 'round-trip.js'));
  });
  return { packageJson: full, tarball };
}

/** A package that depends on a node-ipc, and says which it got. */
const dependant = (name, dependency) =>
  fixture(
    { name, dependencies: { [dependency]: '^9.2.0' } },
    `const { name } = require('${dependency}/package.json');
    const roundTrip = require('./round-trip.js');
    module.exports = async (place) => name + ': ' + (await roundTrip(require('${dependency}'), place));`,
  );

/** A package of this checkout's node_modules. */
function repacked(name) {
  const folder = path.join(ROOT, 'node_modules', name);
  const packageJson = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const tarball = pack(packageJson, path.join(directory, 'tarballs'), (stage) => {
    fs.cpSync(folder, stage, { recursive: true });
  });
  return { packageJson, tarball };
}

async function setUp() {
  directory = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-install-')));
  const out = path.join(directory, 'tarballs');
  const stub = path.join(directory, 'stub');
  fs.writeFileSync(stub, 'not for this platform');
  const packages = [{ packageJson: mainManifest(), tarball: packMain(out) }];
  for (const it of platforms) {
    const binary = it === here ? path.join(ROOT, fileOf(it.name)) : stub;
    const tarball = packPlatform(it.name, binary, [], out);
    packages.push({ packageJson: platformManifest(it), tarball });
  }
  packages.push(dependant('uses-node-ipc', 'node-ipc'));
  packages.push(dependant('uses-achrinza', '@achrinza/node-ipc'));
  packages.push(fixture({ name: 'builds', scripts: { install: 'cargo build' } }, ''));
  packages.push(...['typescript', '@types/node', 'undici-types'].map(repacked));
  for (const { packageJson, tarball } of packages) tarballs[packageJson.name] = tarball;
  registry = await startRegistry(packages);
  const bin = path.join(directory, 'bin');
  fs.mkdirSync(bin);
  calls = setTraps(bin);
  environmentOf = ({ heading, pnp }, kind = 'home') => {
    const home = path.join(directory, heading + (pnp ? ', PnP' : ''), kind);
    fs.mkdirSync(home, { recursive: true });
    return environment(home, bin, registry.url);
  };
}

const fileName = (name) => path.basename(tarballs[name]);
const called = () => (fs.existsSync(calls) ? fs.readFileSync(calls, 'utf8') : '');

/** A new project with a copy of the programs; `packageJson` is merged into its own. */
function project(manager, packageJson = {}, lines = []) {
  const folder = fs.mkdtempSync(path.join(directory, 'project-'));
  fs.cpSync(PROGRAMS, folder, { recursive: true });
  const full = { name: 'project', version: '1.0.0', private: true, ...packageJson };
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify(full));
  if (manager.yarnrc) {
    const text = yarnrc(registry.url, [...manager.yarnrc, ...lines]);
    fs.writeFileSync(path.join(folder, '.yarnrc.yml'), text);
    fs.writeFileSync(path.join(folder, 'yarn.lock'), '');
  }
  return folder;
}

/** Runs a command of the package manager in a project, as a user types it. Returns its output. */
async function type(manager, cwd, command, env = environmentOf(manager)) {
  const [, ...args] = command.split(' ');
  const { code, output } = await run(manager.node ?? process.execPath, [manager.script, ...args], {
    cwd,
    env,
  });
  if (code !== 0) throw new Error(`${command}: ${code}\n${output}`);
  return output;
}

/** The packages of ferripc in node_modules, or in the folder in it that pnpm has them in. */
function installed(cwd) {
  const modules = path.join(cwd, 'node_modules');
  const store = path.join(modules, '.pnpm');
  const names = fs.readdirSync(fs.existsSync(store) ? store : modules);
  const own = names.filter((name) => name.startsWith('ferripc'));
  return own.map((name) => name.split('@')[0]).sort();
}

/** Starts a program of a project. Resolves with what it prints. */
async function start(manager, cwd, program, ...args) {
  const hooks = manager.pnp
    ? ['--require', './.pnp.cjs', '--no-warnings', '--experimental-loader', './.pnp.loader.mjs']
    : [];
  const place = path.join(cwd, 'socket');
  const { output } = await run(process.execPath, [...hooks, program, place, ...args], {
    cwd,
    env: environmentOf(manager),
  });
  return output.trim();
}

/** Compiles typed.ts in a project. Resolves with the path of the program. */
async function compile(manager, cwd, moduleResolution) {
  const module = { node16: 'node16', bundler: 'esnext', node10: 'commonjs' }[moduleResolution];
  const outDir = path.join(cwd, moduleResolution);
  fs.mkdirSync(outDir);
  const format = module === 'esnext' ? 'module' : 'commonjs';
  fs.writeFileSync(path.join(outDir, 'package.json'), JSON.stringify({ type: format }));
  const compilerOptions = {
    ...{ module, moduleResolution, outDir, target: 'es2022', strict: true, skipLibCheck: true },
    ...{ esModuleInterop: true, types: ['node'] },
  };
  const config = path.join(cwd, `${moduleResolution}.json`);
  if (manager.pnp) {
    // There TypeScript has to be Yarn's variant of it, and has to be the project's.
    const { typescript, '@types/node': node } = require('../../package.json').devDependencies;
    await type(manager, cwd, `yarn add typescript@${typescript} @types/node@${node}`);
    fs.writeFileSync(config, JSON.stringify({ compilerOptions, files: ['typed.ts'] }));
    await type(manager, cwd, `yarn run tsc -p ${config}`);
    return path.join(outDir, 'typed.js');
  }
  compilerOptions.typeRoots = [path.join(ROOT, 'node_modules', '@types')];
  fs.writeFileSync(config, JSON.stringify({ compilerOptions, files: ['typed.ts'] }));
  const tsc = require.resolve('typescript/bin/tsc');
  const { output } = await run(process.execPath, [tsc, '-p', config]);
  expect(output).toBe('');
  return path.join(outDir, 'typed.js');
}

(here ? onUnix.describe : describe.skip)('installed from a registry', () => {
  beforeAll(setUp);
  afterAll(async () => {
    await registry.close();
    fs.rmSync(directory, { recursive: true, force: true });
  });
  beforeEach(() => registry.forget());
  afterEach(() => {
    const seen = called();
    fs.rmSync(calls, { force: true });
    expect(seen).toBe('');
    expect([...registry.unknown]).toEqual([]);
  });

  describe.each(Object.entries(managers))('%s', (name, manager) => {
    const { commands, json, yaml } = document[manager.heading];
    const [add, addAlias, addLocked] = commands;
    const addFiles = document['Without a registry'].commands.find((it) =>
      it.startsWith(`${name} `),
    );

    test('by its own name: CommonJS, ES modules, TypeScript; no script, nothing of other platforms', async () => {
      const cwd = project(manager);
      const output = await type(manager, cwd, add);
      expect(output).not.toMatch(/^> |gyp|cargo|rebuild/m); // `> ` is how a script is announced
      const fits = platforms.filter(
        (it) => it === here || (manager.takesAll && it.os === here.os && it.cpu === here.cpu),
      );
      expect([...registry.downloaded].sort()).toEqual(
        ['ferripc', ...(manager.takesAll ? platforms : fits).map((it) => packageOf(it.name))]
          .map(fileName)
          .sort(),
      );
      if (!manager.pnp) {
        expect(installed(cwd)).toEqual(['ferripc', ...fits.map((it) => packageOf(it.name))].sort());
      }
      expect(await start(manager, cwd, 'required.js', 'ferripc')).toBe('hello world,hello world');
      expect(await start(manager, cwd, 'imported.mjs')).toBe('hello world,hello world');
      for (const resolution of name === 'npm' ? ['node16', 'bundler', 'node10'] : ['node16']) {
        expect(await start(manager, cwd, await compile(manager, cwd, resolution))).toBe(
          'hello world',
        );
      }
    });

    test('under the name of node-ipc', async () => {
      const cwd = project(manager);
      await type(manager, cwd, addAlias);
      expect(await start(manager, cwd, 'required.js', 'node-ipc')).toBe('hello world,hello world');
    });

    test('from the lock file', async () => {
      const cwd = project(manager);
      await type(manager, cwd, add);
      fs.rmSync(path.join(cwd, 'node_modules'), { recursive: true, force: true });
      registry.forget();
      await type(manager, cwd, addLocked, environmentOf(manager, 'locked')); // with empty caches
      expect(registry.downloaded).toContain(fileName(packageOf(here.name)));
      if (!manager.takesAll) expect(registry.downloaded.size).toBe(2);
      expect(await start(manager, cwd, 'required.js', 'ferripc')).toMatch(/^hello world/);
    });

    const ways = [...json.map((it) => ['package.json', it]), ...yaml.map((it) => ['yaml', it])];
    test.each(ways)(
      'in the place of the node-ipc of other packages: %s',
      async (file, override) => {
        const dependencies = { 'uses-node-ipc': '1.0.0', 'uses-achrinza': '1.0.0' };
        const inManifest = file === 'package.json';
        const cwd = project(manager, { dependencies, ...(inManifest ? override : {}) });
        if (!inManifest) fs.writeFileSync(path.join(cwd, 'pnpm-workspace.yaml'), override);
        await type(manager, cwd, manager.install);
        const answers = 'ferripc: hello world\nferripc: hello world';
        expect(await start(manager, cwd, 'dependants.js')).toBe(answers);
      },
    );

    if (addFiles) {
      test('from files, without a registry', async () => {
        const cwd = project(manager);
        for (const it of ['ferripc', packageOf(here.name)]) {
          fs.copyFileSync(tarballs[it], path.join(cwd, fileName(it)));
        }
        const command = addFiles.replaceAll('0.1.0', version).replace('linux-x64-gnu', here.name);
        await type(manager, cwd, command, environmentOf(manager, 'offline')); // with empty caches
        expect([...registry.downloaded]).toEqual([]);
        expect(await start(manager, cwd, 'required.js', 'ferripc')).toMatch(/^hello world/);
      });
    }

    if (manager.without) {
      test('without optional dependencies: what to do is said at the first use', async () => {
        const cwd = project(manager);
        await type(manager, cwd, `${add} ${manager.without}`);
        const said = await start(manager, cwd, 'without-binary.js');
        expectNoBinary(said, 'not found');
        expect(said).toContain('\n- Reinstall on this platform, without --omit=optional');
        expect(said).toContain('\n- On a platform without a prebuilt binary');
      });
    }
  });

  /** What without-binary.js is to say: files are not found, packages fail for this reason. */
  function expectNoBinary(said, ...reasons) {
    const [required, code, first, ...rest] = said.split('\n');
    expect([required, code]).toEqual(['required', 'ERR_FERRIPC_NO_BINARY']);
    expect(first).toContain('ferripc has no native binary that loads on ');
    const files = candidates();
    const tried = rest.slice(0, 2 * files.length);
    const expected = files.flatMap((file, i) => [
      expect.stringMatching(`  .*${file}: `),
      expect.stringMatching(
        `^  ${file.split('.').slice(0, 2).join('-')}: ${reasons[i] ?? reasons[0]}`,
      ),
    ]);
    expect(tried).toEqual(expected);
  }

  // What a copy of node_modules from somewhere else is like.
  describe('for another platform', () => {
    const [add] = document.npm.commands;

    test('as asked for: only that', async () => {
      const cwd = project(managers.npm);
      await type(managers.npm, cwd, document['Docker and Alpine'].commands[0]);
      expect(installed(cwd)).toEqual(['ferripc', 'ferripc-linux-arm64-musl']);
    });

    test('another system', async () => {
      const cwd = project(managers.npm);
      const other = platforms.find((it) => it.os !== here.os);
      await type(managers.npm, cwd, `${add} --os=${other.os} --cpu=${other.cpu}`);
      expect(installed(cwd)).toEqual(['ferripc', packageOf(other.name)]);
      expectNoBinary(await start(managers.npm, cwd, 'without-binary.js'), 'not found');
    });

    test('another system, by PnP', async () => {
      const manager = managers['Yarn 4 (PnP)'];
      const other = platforms.find((it) => it.os !== here.os);
      const cwd = project(manager, {}, [
        `supportedArchitectures: { os: [${other.os}], cpu: [${other.cpu}] }`,
      ]);
      await type(manager, cwd, document[manager.heading].commands[0]);
      const reason = 'Required unplugged package missing from disk';
      expectNoBinary(await start(manager, cwd, 'without-binary.js'), reason);
    });

    (here.libc ? test : test.skip)('another C library', async () => {
      const cwd = project(managers.npm);
      const other = platforms.find(
        (it) => it.os === here.os && it.cpu === here.cpu && it.libc !== here.libc,
      );
      await type(managers.npm, cwd, `${add} --libc=${other.libc}`);
      expect(installed(cwd)).toEqual(['ferripc', packageOf(other.name)]);
      const reasons = candidates().map((file) =>
        file.includes(other.name) ? `.*${fileOf(other.name)}: ` : 'not found',
      );
      expectNoBinary(await start(managers.npm, cwd, 'without-binary.js'), ...reasons);
    });
  });

  const { bin } = mainManifest();
  (bin ? test : test.skip)('the command', async () => {
    const cwd = project(managers.npm);
    await type(managers.npm, cwd, document.npm.commands[0]);
    const [command] = Object.keys(bin);
    const args = [path.join(cwd, 'node_modules', '.bin', command), 'doctor'];
    const { code } = await run(process.execPath, args, { cwd, env: environmentOf(managers.npm) });
    expect(code).toBe(0);
  });

  test('an installation script would be noticed', async () => {
    const cwd = project(managers.npm);
    await expect(type(managers.npm, cwd, 'npm i builds')).rejects.toThrow(/^npm i builds: /);
    expect(called()).toBe('sh -c cargo build\n');
    fs.rmSync(calls);
  });
});

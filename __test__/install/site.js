'use strict';
// Where one test installs: a home and caches of its own, a registry of its own or none, traps, and projects
// with the programs of programs/. Used by install.test.js, two at a time.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { run, setTraps, environment, yarnrc } = require('./managers');
const startRegistry = require('./registry');
const { tscFor } = require('../helpers/tsc');

const ROOT = path.join(__dirname, '..', '..');
const PROGRAMS = path.join(__dirname, 'programs');

/** The address of a registry where nothing listens. */
const NOWHERE = 'http://127.0.0.1:1';

class Site {
  /** With a registry that has these packages; without `packages` no registry can be reached. */
  static async open(manager, packages) {
    return new Site(manager, packages ? await startRegistry(packages) : null);
  }

  constructor(manager, registry) {
    this.manager = manager;
    this.registry = registry;
    this.directory = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-site-')));
    this.bin = path.join(this.directory, 'bin');
    fs.mkdirSync(this.bin);
    this.calls = setTraps(this.bin);
    /** The command of the runtime that programs are started with. */
    this.runtime = [process.execPath];
  }

  async close() {
    await this.registry?.close();
    fs.rmSync(this.directory, { recursive: true, force: true });
  }

  get url() {
    return this.registry?.url ?? NOWHERE;
  }

  /** What the traps have caught. */
  called() {
    return fs.existsSync(this.calls) ? fs.readFileSync(this.calls, 'utf8') : '';
  }

  /** The environment of a program. Each `home` has its own caches, empty at first. */
  environment(home = 'home') {
    const directory = path.join(this.directory, home);
    fs.mkdirSync(directory, { recursive: true });
    return environment(directory, this.bin, this.url);
  }

  /** A new project with a copy of the programs; `packageJson` is merged into its own, `lines` into .yarnrc.yml. */
  project(packageJson = {}, lines = []) {
    const folder = fs.mkdtempSync(path.join(this.directory, 'project-'));
    fs.cpSync(PROGRAMS, folder, { recursive: true });
    const full = { name: 'project', version: '1.0.0', private: true, ...packageJson };
    fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify(full));
    if (this.manager.yarnrc) {
      const text = yarnrc(this.url, [...this.manager.yarnrc, ...lines]);
      fs.writeFileSync(path.join(folder, '.yarnrc.yml'), text);
      fs.writeFileSync(path.join(folder, 'yarn.lock'), '');
    }
    return folder;
  }

  /** Runs a command of the package manager in a project, as a user types it. Returns its output. */
  async type(cwd, command, home) {
    const { node = process.execPath, script } = this.manager;
    const [, ...args] = command.split(' ');
    const { code, output } = await run(node, [script, ...args], {
      cwd,
      env: this.environment(home),
    });
    if (code !== 0) throw new Error(`${command}: ${code}\n${output}`);
    return output;
  }

  /** Installs again what the lock file says, with empty caches. */
  async typeLocked(cwd, command) {
    fs.rmSync(path.join(cwd, 'node_modules'), { recursive: true, force: true });
    await this.type(cwd, command, 'locked');
  }

  /** Starts a program of a project. Resolves with what it prints. */
  async start(cwd, program, ...args) {
    const hooks = this.manager.pnp ? ['--require', './.pnp.cjs'] : [];
    if (this.manager.pnp && program.endsWith('.mjs')) {
      hooks.push('--no-warnings', '--experimental-loader', './.pnp.loader.mjs');
    }
    const place = path.join(cwd, 'socket');
    const [command, ...first] = this.runtime;
    const { output } = await run(command, [...first, ...hooks, program, place, ...args], {
      cwd,
      env: this.environment(),
    });
    return output.trim();
  }

  /** Compiles typed.ts in a project, once for each value of `moduleResolution`. Resolves with the programs' paths. */
  async compile(cwd, resolutions) {
    const programs = [];
    const configs = new Map(); // their compilers
    for (const moduleResolution of resolutions) {
      const module = { node16: 'node16', bundler: 'esnext', node10: 'commonjs' }[moduleResolution];
      const outDir = path.join(cwd, moduleResolution);
      fs.mkdirSync(outDir);
      const format = module === 'esnext' ? 'module' : 'commonjs';
      fs.writeFileSync(path.join(outDir, 'package.json'), JSON.stringify({ type: format }));
      const compilerOptions = {
        ...{ module, moduleResolution, outDir, target: 'es2022', strict: true, skipLibCheck: true },
        ...{ esModuleInterop: true, types: ['node'], lib: ['es2022'] },
        ...(this.manager.pnp ? {} : { typeRoots: [path.join(ROOT, 'node_modules', '@types')] }),
      };
      const config = path.join(cwd, `${moduleResolution}.json`);
      fs.writeFileSync(config, JSON.stringify({ compilerOptions, files: ['typed.ts'] }));
      configs.set(config, tscFor(compilerOptions));
      programs.push(path.join(outDir, 'typed.js'));
    }
    if (this.manager.pnp) {
      // There TypeScript has to be Yarn's variant of it, and has to be the project's.
      const { typescript, '@types/node': node } = require('../../package.json').devDependencies;
      await this.type(cwd, `yarn add typescript@${typescript} @types/node@${node}`);
      await this.type(cwd, `yarn run tsc -b ${[...configs.keys()].join(' ')}`);
    } else {
      for (const [config, tsc] of configs) {
        const { output } = await run(process.execPath, [tsc, '-b', config]);
        if (output) throw new Error(output);
      }
    }
    return programs;
  }
}

/** The packages of ferripc in node_modules, or in the folder in it that pnpm has them in. */
function installed(cwd) {
  const modules = path.join(cwd, 'node_modules');
  const store = path.join(modules, '.pnpm');
  const names = fs.readdirSync(fs.existsSync(store) ? store : modules);
  const own = names.filter((name) => name.startsWith('ferripc'));
  return own.map((name) => name.split('@')[0]).sort();
}

module.exports = { Site, installed };

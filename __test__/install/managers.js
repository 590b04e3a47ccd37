'use strict';
// The package managers of install.test.js and site.js: how each is run, and what is different about it. They see an empty
// home, a PATH of Node alone with traps beside it, and no network but the test's registry.

const { execFile, execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

/** What a package could want to build itself with; found first on PATH, each says that it was called. */
const TRAPS =
  `sh bash cargo rustc rustup cc c++ gcc g++ clang clang++ ld make cmake ninja python python3
  node-gyp node-pre-gyp prebuild-install curl wget git`.split(/\s+/);

const dependency = (file) => path.join(__dirname, '..', '..', 'node_modules', file);

/** The script of this machine's npm, and the Node that it belongs to: it may not run on the one that is tested. */
function machineNpm() {
  const script = process.env.npm_execpath?.endsWith('npm-cli.js')
    ? process.env.npm_execpath
    : fs.realpathSync(execFileSync('which', ['npm'], { encoding: 'utf8' }).trim());
  const node = path.join(script, '..', '..', '..', '..', '..', 'bin', 'node');
  return { script, node: fs.existsSync(node) ? node : process.execPath };
}

const YARN_4 = {
  heading: 'Yarn 4',
  script: dependency('@yarnpkg/cli-dist/bin/yarn.js'),
  install: 'yarn install',
};

/**
 * name -> `heading` of docs/installing.md, `script`, its `install` command; optionally `node` to run it with, `without` (flag that leaves out optional dependencies),
 * `yarnrc` (lines of .yarnrc.yml), `pnp` (there is no node_modules), and `takesAll`: it downloads the packages of
 * all platforms, and installs those that fit, ignoring the C library, which it does not check.
 */
const managers = {
  npm: {
    heading: 'npm',
    ...(process.platform === 'win32' ? {} : machineNpm()), // not used there
    install: 'npm i',
    without: '--omit=optional',
  },
  pnpm: {
    heading: 'pnpm',
    script: dependency('pnpm/bin/pnpm.cjs'),
    install: 'pnpm i',
    without: '--no-optional',
  },
  'Yarn 1': {
    heading: 'Yarn 1',
    script: dependency('yarn/bin/yarn.js'),
    install: 'yarn install',
    without: '--ignore-optional',
    takesAll: true,
  },
  'Yarn 4 (node_modules)': { ...YARN_4, yarnrc: ['nodeLinker: node-modules'] },
  'Yarn 4 (PnP)': { ...YARN_4, yarnrc: ['nodeLinker: pnp', 'pnpEnableEsmLoader: true'], pnp: true },
};

/** Resolves with { code, output } of a process; rejects when it takes minutes. */
function run(program, args, options) {
  return new Promise((resolve, reject) => {
    execFile(program, args, { timeout: 240_000, ...options }, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') reject(error);
      else resolve({ code: error ? error.code : 0, output: stdout + stderr });
    });
  });
}

/** A directory with traps and Node; `log` has a line for each call of a trap. */
function setTraps(directory) {
  const log = path.join(directory, 'called');
  for (const name of TRAPS) {
    const script = `#!/bin/sh\necho "${name} $*" >>'${log}'\nexit 1\n`;
    fs.writeFileSync(path.join(directory, name), script, { mode: 0o755 });
  }
  fs.symlinkSync(process.execPath, path.join(directory, 'node'));
  return log;
}

/**
 * The environment of everything that runs in a test: nothing of this process's, all state below `home`.
 * `scripts` of packages are on everywhere.
 */
function environment(home, bin, url) {
  const npm = {
    registry: `${url}/`,
    cache: path.join(home, 'npm-cache'),
    userconfig: path.join(home, 'npmrc'),
    globalconfig: path.join(home, 'global-npmrc'),
    store_dir: path.join(home, 'pnpm-store'),
    manage_package_manager_versions: 'false',
    audit: 'false',
    fund: 'false',
    update_notifier: 'false',
    foreground_scripts: 'true',
    ignore_scripts: 'false',
  };
  return {
    PATH: bin,
    HOME: home,
    TMPDIR: home,
    XDG_CACHE_HOME: path.join(home, 'cache'),
    XDG_CONFIG_HOME: path.join(home, 'config'),
    XDG_DATA_HOME: path.join(home, 'data'),
    XDG_STATE_HOME: path.join(home, 'state'),
    YARN_CACHE_FOLDER: path.join(home, 'yarn-cache'),
    YARN_GLOBAL_FOLDER: path.join(home, 'yarn-global'),
    ...Object.fromEntries(Object.entries(npm).map(([key, value]) => [`npm_config_${key}`, value])),
  };
}

/** What Yarn 4 reads from a project's .yarnrc.yml. */
const yarnrc = (url, lines) =>
  [
    `npmRegistryServer: '${url}'`,
    'unsafeHttpWhitelist: [127.0.0.1]',
    'enableTelemetry: false',
    'enableScripts: true',
    ...lines,
    '',
  ].join('\n');

module.exports = { managers, run, setTraps, environment, yarnrc };

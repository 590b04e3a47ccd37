'use strict';
// `npm run bench:sizes`: what an installation costs, ferripc beside the packages that it replaces: packages,
// files, bytes to download, bytes on disk. ferripc is packed as it is published, with the binary of this
// platform: a release's, with its bill of materials, after `node scripts/build.js --target` and `node scripts/sbom.js`.
// The others come from the registry, in these versions only (some others carried malware), without running scripts.
// Results go to bench/results/<date>-sizes.json and .md.
//
// "Download" is the sum of the packed sizes of all packages that npm installs, each packed again from what
// was installed; "on disk" is what the file system takes for the files (blocks), "content" what they hold.

const { execFileSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const build = require('../scripts/build.js');
const { packMain, packPlatform } = require('../scripts/pack.js');
const { optionsOf } = require('../scripts/usage.js');
const { environment } = require('./lib/machine.js');

optionsOf(__filename);

const OTHERS = ['@achrinza/node-ipc@9.2.10', '@achrinza/node-ipc@10.1.11', 'node-ipc@14.0.0'];
const RESULTS = path.join(__dirname, 'results');

const npm = (cwd, ...args) => {
  const windows = process.platform === 'win32';
  const options = { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], shell: windows };
  return execFileSync('npm', [...args, '--ignore-scripts', '--no-audit', '--no-fund'], options);
};

/** The folders of the packages in a project, and all of their files. */
function contents(project) {
  const modules = path.join(project, 'node_modules');
  const lock = JSON.parse(fs.readFileSync(path.join(modules, '.package-lock.json'), 'utf8'));
  const packages = Object.keys(lock.packages);
  const files = packages.flatMap((folder) =>
    fs
      .readdirSync(path.join(project, folder), { recursive: true })
      .filter((name) => !name.split(path.sep).includes('node_modules')) // has an entry of its own
      .map((name) => fs.statSync(path.join(project, folder, name)))
      .filter((stat) => stat.isFile()),
  );
  return { packages, files };
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/** Installs into a new project, and measures it. */
function measure(name, specs, directory) {
  const project = fs.mkdtempSync(path.join(directory, 'project-'));
  fs.writeFileSync(path.join(project, 'package.json'), '{ "private": true }');
  npm(project, 'install', ...specs);
  const { packages, files } = contents(project);
  const folders = packages.map((folder) => `./${folder}`);
  const packed = JSON.parse(npm(project, 'pack', '--dry-run', '--json', ...folders));
  return {
    name,
    packages: packages.length,
    files: files.length,
    download: sum(Object.values(packed).map(({ size }) => size)),
    content: sum(files.map(({ size }) => size)),
    disk: sum(files.map(({ blocks }) => blocks * 512)),
  };
}

function table({ date, npm: npmVersion, environment: env, binary, tarballs, installed }) {
  const number = (value) => value.toLocaleString('en-US');
  const lines = [
    `# Sizes, ${date}`,
    '',
    `${env.os}, Node ${env.node}, npm ${npmVersion}, commit ${env.commit.hash}${env.commit.modified ? ' (modified)' : ''}. Bytes.`,
    '',
    '| installed | packages | files | download | content | on disk |',
    '| --- | --- | --- | --- | --- | --- |',
    ...installed.map(
      ({ name, ...row }) => `| ${name} | ${Object.values(row).map(number).join(' | ')} |`,
    ),
    '',
    '| file of ferripc | size |',
    '| --- | --- |',
    `| ${binary.name} | ${number(binary.size)} |`,
    ...tarballs.map(({ name, size }) => `| ${name} | ${number(size)} |`),
    '',
  ];
  return lines.join('\n');
}

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-sizes-'));
try {
  const addon = build({ ifStale: true });
  const platform = path.basename(addon).split('.')[1];
  // What a release has beside the binary, where that is here.
  const beside = ['cdx.json', 'build.json'].map((it) => addon.replace(/node$/, it));
  const extras = beside.filter((file) => fs.existsSync(file));
  const packed = [packMain(directory), packPlatform(platform, addon, extras, directory)];
  const sizeOf = (file) => ({ name: path.basename(file), size: fs.statSync(file).size });
  const result = {
    date: new Date().toISOString().slice(0, 10),
    environment: environment(),
    npm: npm(directory, '--version').trim(),
    binary: sizeOf(addon),
    tarballs: packed.map(sizeOf),
    installed: [
      measure('ferripc', ['--offline', ...packed], directory),
      ...OTHERS.map((spec) => measure(spec.replace(/@(?=[^@]*$)/, ' '), [spec], directory)),
    ],
  };
  const file = path.join(RESULTS, `${result.date}-sizes`);
  fs.writeFileSync(`${file}.json`, `${JSON.stringify(result, null, 2)}\n`);
  fs.writeFileSync(`${file}.md`, table(result));
  console.log(table(result));
} finally {
  fs.rmSync(directory, { recursive: true, force: true });
}

'use strict';
// Makes the packages that are published, as files in dist/: `ferripc`, which is JavaScript and types only,
// and `ferripc-<platform>` for each platform, which is one binary. Used by `npm run pack:local`, by the
// release workflow and by the install tests. Packing the same files with the same Node and npm gives
// the same bytes.
//
//   node scripts/pack.js                                            ferripc for this platform alone, and its
//                                                                   package, built before if it is stale
//        --verbose                                                … with cargo's output
//   node scripts/pack.js --main                                     ferripc, as it is published
//   node scripts/pack.js --stage FOLDER                             its files, except package.json, in a new folder
//   node scripts/pack.js --platform linux-arm64-musl --binary FILE  the package of a platform
//        --with FILE                                                … with another file (again for each)
//
// In the published ferripc the files are as they are here, except that join.js joins those that the first client and
// server need. It names the packages of all platforms as its optionalDependencies; that of the first command
// names only the one that was packed with it, so that the two files install where no registry has the others.
//
// Published package.json files have no scripts, no devDependencies and no overrides: whoever looks sees at
// once that nothing can run. `repository` is that of the workflow (GITHUB_SERVER_URL, GITHUB_REPOSITORY), and with it
// go the other links, which a release has (check-release.js).

const { execFileSync } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const build = require('./build');
const { join } = require('./join');
const { platforms, fileOf, packageOf } = require('./platforms');
const { optionsOf, refuse } = require('./usage');

const root = path.join(__dirname, '..');
const manifest = require('../package.json');

function linksOf(home) {
  return {
    homepage: `${home}#readme`,
    bugs: { url: `${home}/issues` },
    repository: { type: 'git', url: `git+${home}.git` },
  };
}

/** What all published packages say, and where each goes in package.json. */
function common(name, description) {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository } = process.env;
  return {
    name,
    version: manifest.version,
    description,
    keywords: manifest.keywords,
    license: manifest.license,
    ...(server && repository ? linksOf(`${server}/${repository}`) : {}),
  };
}

/** package.json of the main package; its optionalDependencies are the packages of these platforms. */
function mainManifest(names = platforms.map((it) => it.name)) {
  const { type, main, types, exports, bin, files, engines } = manifest;
  const { peerDependencies, peerDependenciesMeta } = manifest;
  const optionalDependencies = Object.fromEntries(
    names.map((name) => [packageOf(name), manifest.version]),
  );
  return {
    ...common(manifest.name, manifest.description),
    ...{ type, main, types, exports, bin },
    files: files.filter((name) => !name.endsWith('.node') && fs.existsSync(path.join(root, name))),
    engines,
    optionalDependencies,
    ...{ peerDependencies, peerDependenciesMeta },
  };
}

/** package.json of a platform's package, with the names of other files that are in it. */
function platformManifest(platform, others = []) {
  const { name, os: system, cpu, libc } = platform;
  const file = fileOf(name);
  return {
    ...common(packageOf(name), `The native binary of ferripc for ${name}`),
    type: 'commonjs',
    main: file,
    files: [file, ...others],
    engines: manifest.engines,
    os: [system],
    cpu: [cpu],
    ...(libc ? { libc: [libc] } : {}),
    preferUnplugged: true,
  };
}

const platformReadme = ({ name, target }) => `# ${packageOf(name)}

The binary of ferripc for ${name}
(\`${target}\`). ferripc names it among its optional dependencies, and package managers choose the one that fits. You
need not install it yourself.
`;

/** The mode that every packed file has, whatever the umask here. npm makes what `bin` names executable. */
const MODE = 0o644;

function write(file, text) {
  fs.writeFileSync(file, text);
  fs.chmodSync(file, MODE);
}

/** Copies a file or a folder. */
function copy(from, to) {
  if (fs.statSync(from).isDirectory()) {
    for (const name of fs.readdirSync(from)) copy(path.join(from, name), path.join(to, name));
    return;
  }
  fs.mkdirSync(path.dirname(to), { recursive: true });
  fs.copyFileSync(from, to);
  fs.chmodSync(to, MODE);
}

/** Packs what `fill` puts into an empty folder, beside a package.json. Returns the path of the tarball. */
function pack(packageJson, out, fill) {
  const stage = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-pack-'));
  try {
    fill(stage);
    write(path.join(stage, 'package.json'), `${JSON.stringify(packageJson, null, 2)}\n`);
    const windows = process.platform === 'win32';
    execFileSync(windows ? 'npm.cmd' : 'npm', ['pack', '--ignore-scripts', '--silent'], {
      cwd: stage,
      stdio: ['ignore', 'ignore', 'pipe'],
      shell: windows,
    });
    const name = fs.readdirSync(stage).find((file) => file.endsWith('.tgz'));
    fs.mkdirSync(out, { recursive: true });
    fs.copyFileSync(path.join(stage, name), path.join(out, name));
    return path.join(out, name);
  } finally {
    fs.rmSync(stage, { recursive: true, force: true });
  }
}

/** Puts the files of ferripc that are published into a new folder, all except package.json. */
function stageMain(folder, { files } = mainManifest()) {
  for (const name of ['README.md', 'LICENSE', ...files]) {
    copy(path.join(root, name), path.join(folder, name));
  }
  join(folder, write);
}

/** Packs ferripc into the folder `out`, for these platforms (all). Returns the path of the tarball. */
function packMain(out, names) {
  const packageJson = mainManifest(names);
  return pack(packageJson, out, (stage) => stageMain(stage, packageJson));
}

/**
 * Packs the binary of a platform into the folder `out`, with the files `others`. Returns the path of the
 * tarball.
 */
function packPlatform(name, binary, others, out) {
  const platform = platforms.find((it) => it.name === name);
  if (!platform) {
    throw new Error(`no platform ${name}; there are: ${platforms.map((it) => it.name).join(', ')}`);
  }
  const names = others.map((file) => path.basename(file));
  return pack(platformManifest(platform, names), out, (stage) => {
    copy(binary, path.join(stage, fileOf(name)));
    for (const file of others) copy(file, path.join(stage, path.basename(file)));
    copy(path.join(root, 'LICENSE'), path.join(stage, 'LICENSE'));
    write(path.join(stage, 'README.md'), platformReadme(platform));
  });
}

/** Packs a binary, and ferripc for its platform alone, into the folder `out`. Returns the paths of the tarballs. */
function packLocal(binary, out) {
  const name = path.basename(binary).replace(/^ferripc\.(.*)\.node$/, '$1');
  return [packMain(out, [name]), packPlatform(name, binary, [], out)];
}

/** The checksum that registries and lock files state. */
const integrityOf = (data) => `sha512-${crypto.createHash('sha512').update(data).digest('base64')}`;

function report(tarball) {
  const data = fs.readFileSync(tarball);
  const sha256 = crypto.createHash('sha256').update(data).digest('hex');
  console.log(`${path.relative(process.cwd(), tarball)}: ${data.length.toLocaleString('en-US')} B`);
  console.log(`  sha256 ${sha256}\n  ${integrityOf(data)}`);
}

module.exports = {
  pack,
  stageMain,
  packMain,
  packPlatform,
  packLocal,
  mainManifest,
  platformManifest,
  integrityOf,
};

if (require.main === module) {
  const { values } = optionsOf(__filename, {
    options: {
      main: { type: 'boolean' },
      stage: { type: 'string' },
      verbose: { type: 'boolean' },
      platform: { type: 'string' },
      binary: { type: 'string' },
      with: { type: 'string', multiple: true, default: [] },
    },
  });
  const out = path.join(root, 'dist');
  if (Boolean(values.platform) !== Boolean(values.binary)) {
    refuse(__filename, '--platform and --binary go together');
  }
  if (values.with.length > 0 && !values.platform) {
    refuse(__filename, '--with goes with --platform');
  }
  if (!values.main && !values.platform && !values.stage) {
    packLocal(build({ ifStale: true, verbose: values.verbose }), out).forEach(report);
  }
  if (values.main) report(packMain(out));
  if (values.stage) stageMain(values.stage);
  if (values.platform) report(packPlatform(values.platform, values.binary, values.with, out));
}

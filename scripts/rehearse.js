'use strict';
// `npm run release:rehearse`: everything of a release that needs no account, on this machine. Builds and checks the
// binary, packs, publishes to a registry of its own (verdaccio) and installs from that with every package manager,
// without any other package within reach; then runs what was installed on each Node, on Bun and on Deno. Prints what
// it did, and what only the workflow can do. Exits with 1 if a step fails.
//
//   npm run release:rehearse                          this machine's platform
//   npm run release:rehearse -- --platform NAME       … and another one (again for each): built, packed and published
//
// Release binaries need the tools of scripts/toolchain.json (install-tools.js). Where they are missing, the binary is
// that of `npm run build`, without its bill of materials, and the report says so. The packages of other platforms are
// stand-ins. Verdaccio (pinned by __test__/install/rehearsal) and the runtimes (see runtimes.js) are installed to
// node_modules/.cache, without install scripts.

const { execFileSync, spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const build = require('./build');
const { buildRelease, byZig, platformOf, sha256 } = require('./build-release');
const { pack, packMain, packPlatform, platformManifest } = require('./pack');
const { platforms, fileOf, packageOf } = require('./platforms');
const { NODES, commandOf, installRuntimes, installPinned } = require('./runtimes');
const { optionsOf } = require('./usage');
const { Site } = require('../__test__/install/site');
const { managers, run } = require('../__test__/install/managers');
const { freePort } = require('../__test__/helpers/world');

const root = path.join(__dirname, '..');
const pinned = path.join(root, '__test__', 'install', 'rehearsal');
const { version } = require('../package.json');

/** What only the workflow can do: it has an identity. */
const LEFT_OUT = [
  'the tag: package.json has placeholders for the repository until there is one',
  "npm's statement of origin (--provenance) and the attestations: they are signed with the workflow's identity",
  'publishing to npm, and the release with its files',
];

/** What verdaccio runs on: it needs a newer one than ferripc does. */
const REGISTRY_ON = 'node-24';

const done = [];

/** Does a step, and notes how it went: `act` resolves with what is to be said of it. */
async function step(name, act) {
  process.stderr.write(`${name} …\n`);
  const said = await act();
  done.push([name, said]);
}

const node = (script, ...args) =>
  execFileSync(process.execPath, [path.join(__dirname, script), ...args], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();

/** Whether the tools of a release are here. */
function hasTools() {
  try {
    for (const tool of ['cargo-auditable', 'cargo-zigbuild', 'cargo-cyclonedx'])
      execFileSync('cargo', [tool.slice('cargo-'.length), '--help'], { stdio: 'ignore' });
    if (byZig(platformOf(hereOf())))
      execFileSync('python3', ['-m', 'ziglang', 'version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The name of this machine's platform, as platforms.js has it. */
const hereOf = () => platforms.find(({ name }) => fileOf(name) === build.addonName()).name;

/** Builds, checks and packs the binary of a platform into `dist`. */
function binaryOf(name, dist) {
  if (!hasTools()) {
    if (name !== hereOf()) throw new Error(`${name}: its binary needs the tools of toolchain.json`);
    packPlatform(name, build({ ifStale: true }), [], dist);
    return 'as `npm run build` makes it: the tools of a release are not here';
  }
  const binary = path.join(root, fileOf(name));
  const { sha256: sum, target } = buildRelease(name);
  node('check-binary.js', binary);
  node('sbom.js', name);
  const [bill, record] = ['cdx', 'build'].map((it) => binary.replace(/node$/, `${it}.json`));
  packPlatform(name, binary, [bill, record], dist);
  return `built for ${target}, checked; sha256 ${sum}`;
}

/** The packages of the other platforms, which the main one names: with nothing that could be loaded. */
function standIns(names, dist) {
  const others = platforms.filter(({ name }) => !names.includes(name));
  for (const platform of others) {
    pack(platformManifest(platform), dist, (stage) =>
      fs.writeFileSync(path.join(stage, fileOf(platform.name)), 'a stand-in'),
    );
  }
  return `${others.length} stand-ins for ${others.map(({ name }) => name).join(', ')}`;
}

/** Reads one file of a tarball. */
const inTarball = (tarball, name) =>
  execFileSync('tar', ['-xOf', tarball, `package/${name}`], { maxBuffer: 2 ** 28 });

/** What users can check by themselves is in the packages. */
function checkPackages(names, dist) {
  const lines = [];
  for (const file of fs.readdirSync(dist)) {
    const { scripts, dependencies } = JSON.parse(inTarball(path.join(dist, file), 'package.json'));
    if (scripts || dependencies) throw new Error(`${file} has scripts or dependencies`);
  }
  for (const name of names) {
    const tarball = path.join(dist, `${packageOf(name)}-${version}.tgz`);
    const entries = execFileSync('tar', ['-tf', tarball], { encoding: 'utf8' }).split('\n');
    const base = fileOf(name).replace(/node$/, '');
    if (!entries.includes(`package/${base}cdx.json`)) {
      lines.push(`${name}: no bill of materials`);
      continue;
    }
    const bill = JSON.parse(inTarball(tarball, `${base}cdx.json`));
    const record = JSON.parse(inTarball(tarball, `${base}build.json`));
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-binary-'));
    execFileSync('tar', ['-xf', tarball, '-C', folder]);
    const sum = sha256(path.join(folder, 'package', fileOf(name)));
    fs.rmSync(folder, { recursive: true });
    const stated = [bill.metadata.component.hashes[0].content, record.sha256];
    if (stated.some((it) => it !== sum)) throw new Error(`${name}: another sha256 is stated`);
    lines.push(`${name}: ${bill.components.length} crates in its bill, commit ${record.commit}`);
  }
  return `no scripts, no dependencies; ${lines.join('; ')}`;
}

/** A registry that has nothing but what is published to it, and asks nobody. Resolves with `{ url, close }`. */
async function startRegistry(folder) {
  const modules = installPinned(pinned, 'ferripc-rehearsal');
  const port = await freePort();
  const config = path.join(folder, 'config.yaml');
  const lines = [
    `storage: ${path.join(folder, 'storage')}`,
    'auth: { htpasswd: { file: ./htpasswd, max_users: 1 } }',
    'uplinks: {}',
    "packages: { '**': { access: $all, publish: $authenticated } }",
    'web: { enable: false }',
    'max_body_size: 200mb',
    'log: { type: stdout, format: json, level: error }',
    '',
  ];
  fs.writeFileSync(config, lines.join('\n'));
  const bin = path.join(modules, 'verdaccio', 'bin', 'verdaccio');
  const child = spawn(
    commandOf(REGISTRY_ON)[0],
    [bin, '--config', config, '--listen', `127.0.0.1:${port}`],
    {
      stdio: ['ignore', 2, 2],
    },
  );
  const ended = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    const isUp = await fetch(`${url}/-/ping`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) break;
    if (child.exitCode !== null) throw new Error('the registry does not start');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const close = async () => {
    child.kill();
    await ended;
  };
  return { url, close };
}

/** Makes an account of the registry's only user. Resolves with its token. */
async function logIn(url) {
  const user = { name: 'rehearsal', password: 'rehearsal' };
  const response = await fetch(`${url}/-/user/org.couchdb.user:${user.name}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(user),
  });
  return (await response.json()).token;
}

/** Publishes as the workflow does, without a statement of origin: the binaries first. */
async function publish(dist, registry, folder) {
  const userconfig = path.join(folder, 'npmrc');
  const token = await logIn(registry.url);
  fs.writeFileSync(userconfig, `//${new URL(registry.url).host}/:_authToken=${token}\n`);
  const main = `ferripc-${version}.tgz`;
  const files = fs.readdirSync(dist).filter((file) => file !== main);
  const { script, node: program } = managers.npm;
  const npmPublish = (file) =>
    run(program, [script, 'publish', path.join(dist, file), '--access', 'public'], {
      env: {
        ...process.env,
        npm_config_registry: registry.url,
        npm_config_userconfig: userconfig,
        npm_config_ignore_scripts: 'true',
        npm_config_provenance: 'false',
      },
    });
  for (const file of [...files, main]) {
    const { code, output } = await npmPublish(file);
    if (code !== 0) throw new Error(`npm publish ${file}: ${code}\n${output}`);
  }
  const again = await npmPublish(main);
  if (again.code === 0) throw new Error('a version can be published twice');
  return `${files.length + 1} packages; a version that is there is refused`;
}

const PROGRAMS = ['required.js', 'imported.mjs'];
const EXPECTED = 'hello world,hello world';

/** A project in an empty home that depends on what was published, while `act` works in it. */
async function inProject(manager, { url }, act) {
  const site = new Site(manager, { url, close() {} }); // the registry is everybody's
  try {
    // By themselves Yarn 4 and Deno take a version only when it has been there for a day.
    const packageJson = { type: 'commonjs', dependencies: { ferripc: version } };
    return await act(site, site.project(packageJson, ['npmMinimalAgeGate: 0']));
  } finally {
    await site.close();
  }
}

/** Runs the programs of a project. Throws unless they say what they should. */
async function tryOut(name, command, site, cwd) {
  site.runtime = command;
  for (const program of PROGRAMS) {
    const output = await site.start(cwd, program, 'ferripc');
    if (output !== EXPECTED) throw new Error(`${name}, ${program}:\n${output}`);
  }
}

/** Installs with one manager and runs on each Node. */
const installWith = (name, manager, registry, nodes) =>
  inProject(manager, registry, async (site, cwd) => {
    await site.type(cwd, manager.install);
    for (const [label, command] of nodes) await tryOut(`${name} on ${label}`, command, site, cwd);
    if (site.called()) throw new Error(`${name} has called: ${site.called()}`);
    return nodes.map(([label]) => label).join(', ');
  });

/** How runtimes install by themselves. */
const OWN = {
  bun: ['install', '--ignore-scripts'],
  deno: ['install', '--node-modules-dir=manual', '--minimum-dependency-age=0'],
};

async function installByItself(name, registry) {
  const command = commandOf(name);
  if (command === null) return 'no package for this platform';
  return inProject({}, registry, async (site, cwd) => {
    fs.writeFileSync(path.join(cwd, '.npmrc'), `registry=${registry.url}/\n`);
    const env = { ...site.environment(), NPM_CONFIG_REGISTRY: `${registry.url}/`, NO_COLOR: '1' };
    const { code, output } = await run(command[0], OWN[name], { cwd, env });
    if (code !== 0) throw new Error(`${name} install: ${code}\n${output}`);
    await tryOut(name, command, site, cwd);
    return 'installs and runs';
  });
}

async function main() {
  const options = { platform: { type: 'string', multiple: true } };
  const { values } = optionsOf(__filename, { options });
  const names = [...new Set([hereOf(), ...(values.platform ?? [])])];
  for (const name of names) platformOf(name); // throws if it does not exist
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-rehearsal-'));
  const dist = path.join(folder, 'dist');
  let registry = null;
  try {
    await step('versions', () => `all say ${node('check-release.js')}`);
    for (const name of names) await step(`binary of ${name}`, () => binaryOf(name, dist));
    await step('other platforms', () => standIns(names, dist));
    await step('main package', () => path.basename(packMain(dist)));
    await step('packages', () => checkPackages(names, dist));
    installRuntimes();
    registry = await startRegistry(folder);
    await step('publish', () => publish(dist, registry, folder));
    const nodes = NODES.map((name) => [name, commandOf(name)]).filter(([, command]) => command);
    for (const [name, manager] of Object.entries(managers))
      await step(`install with ${name}`, () => installWith(name, manager, registry, nodes));
    for (const name of Object.keys(OWN))
      await step(`install with ${name}`, () => installByItself(name, registry));
  } finally {
    await registry?.close();
    fs.rmSync(folder, { recursive: true, force: true });
  }
  console.log('| step | result |\n| --- | --- |');
  for (const [name, said] of done) console.log(`| ${name} | ${said} |`);
  console.log(`\nNot rehearsed:\n${LEFT_OUT.map((it) => `- ${it}`).join('\n')}`);
}

main().catch((error) => {
  for (const [name, said] of done) console.log(`ok: ${name}: ${said}`);
  console.error(`rehearsal: ${error.message}`);
  process.exitCode = 1;
});

'use strict';
// The workflows of .github, as texts: they cannot be run here, but what must not be in them, and what must not
// be forgotten, can be read. zizmor reads them too, in the workflow ci.yml.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const yaml = require('js-yaml');
const { platforms } = require('../scripts/platforms');
const toolchain = require('../scripts/toolchain.json');

const ROOT = path.join(__dirname, '..');
const FOLDER = path.join(ROOT, '.github', 'workflows');
const names = fs.readdirSync(FOLDER);
const texts = new Map(names.map((it) => [it, fs.readFileSync(path.join(FOLDER, it), 'utf8')]));
const workflows = new Map([...texts].map(([name, text]) => [name, yaml.load(text)]));
const { jobs: release } = workflows.get('release.yml');
const everyJob = [...workflows].flatMap(([name, { jobs }]) =>
  Object.entries(jobs).map(([id, job]) => ({ ...job, name: `${name}: ${id}` })),
);
const everyStep = everyJob.flatMap(({ name, steps }) =>
  steps.map((step) => ({ ...step, job: name })),
);
const commands = everyStep.filter(({ run }) => run);
const sorted = (list) => [...list].sort();
/** Platforms whose binaries are built and checked, and run nowhere. */
const LINKED = ['android-arm64', 'freebsd-x64'];
const platformNames = sorted(platforms.map(({ name }) => name));

test('each action is one of a whole commit, with its version beside it', () => {
  const used = [...texts.values()].flatMap((text) => text.match(/uses:.*/g));
  expect(used.length).toBeGreaterThan(10);
  for (const it of used)
    expect(it).toMatch(/^uses: actions\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  // One version of each.
  const versions = new Set(used);
  expect(new Set([...versions].map((it) => it.split('@')[0])).size).toBe(versions.size);
});

test('no job may do more than it must', () => {
  for (const { permissions } of workflows.values()) expect(permissions).toEqual({});
  const more = everyJob
    .filter(({ permissions }) => JSON.stringify(permissions) !== '{"contents":"read"}')
    .map(({ name, permissions }) => [name, permissions]);
  expect(Object.fromEntries(more)).toEqual({
    'docs.yml: publish': { pages: 'write', 'id-token': 'write' },
    'release.yml: attest': { 'id-token': 'write', attestations: 'write' },
    'release.yml: attest-sbom': { 'id-token': 'write', attestations: 'write' },
    'release.yml: publish': { 'id-token': 'write' },
    'release.yml: release': { contents: 'write' },
  });
});

test('what may do more runs no code of the repository, and for tags only', () => {
  for (const id of ['attest', 'attest-sbom', 'publish', 'release']) {
    expect(release[id].if).toBe("github.event_name == 'push'");
    for (const step of release[id].steps) {
      expect(step.uses ?? '').not.toMatch(/checkout/);
      expect(step.run ?? '').not.toMatch(/\bnode\b|\bcargo\b|npm (ci|install|run)/);
    }
  }
  expect(workflows.get('release.yml').on).toEqual({
    push: { tags: ['v*'] },
    workflow_dispatch: null,
  });
});

test('the site is published from main only, by a job that runs no code', () => {
  const { on, jobs } = workflows.get('docs.yml');
  expect(on.push).toEqual({ branches: ['main'] });
  expect(jobs.publish.if).toBe("github.event_name == 'push'");
  expect(jobs.publish.needs).toBe('build');
  expect(jobs.publish.steps).toEqual([{ uses: expect.stringContaining('actions/deploy-pages@') }]);
  const build = fs.readFileSync(path.join(ROOT, 'site', 'build.mjs'), 'utf8');
  expect(build).toContain("['ci', '--ignore-scripts',");
});

test('nothing runs with more rights for a stranger, keeps a token, or comes from a cache', () => {
  for (const [name, text] of texts) {
    expect([
      name,
      text.match(/pull_request_target|workflow_run|secrets\.|NODE_AUTH_TOKEN|NPM_TOKEN/g),
    ]).toEqual([name, null]);
    expect([name, text.match(/actions\/cache|cache:\s*(?!false)\S|continue-on-error/g)]).toEqual([
      name,
      null,
    ]);
  }
  for (const { uses = '', with: options } of everyStep) {
    if (uses.includes('/checkout@')) expect(options['persist-credentials']).toBe(false);
    if (uses.includes('/setup-node@')) expect(options['package-manager-cache']).toBe(false);
  }
});

test("no install runs others' scripts, and each is of a locked version", () => {
  const words = commands.flatMap(({ run }) => run.split(/\n|&&/)).map((it) => it.trim());
  const installs = words.filter((it) => /\b(npm|pip|cargo)\S*\s+(ci|i|install)\b/.test(it));
  expect(installs.length).toBeGreaterThan(4);
  for (const it of installs) {
    if (it.includes('npm')) expect(it).toMatch(/npm ci --ignore-scripts/);
    else expect(it).toMatch(/pip" install .*--require-hashes/);
  }
  const script = fs.readFileSync(path.join(ROOT, 'scripts', 'install-tools.js'), 'utf8');
  expect(script).toContain("'install', '--locked', `${tool}@${version}`");
  const publish = commands.filter(({ run }) => run.includes('npm publish'));
  expect(publish.map(({ job }) => job)).toEqual(['release.yml: publish']);
  expect(publish[0].run).toMatch(/npm publish \S+ --provenance --access public --ignore-scripts/);
});

test('expressions stay out of scripts', () => {
  for (const { run } of commands) expect(run).not.toContain('${{');
});

test('every platform is built, checked, tested and attested', () => {
  const { include } = release.build.strategy.matrix;
  expect(sorted(include.map((it) => it.platform))).toEqual(platformNames);
  for (const { platform, target } of include)
    expect(target).toBe(platforms.find(({ name }) => name === platform).target);
  const steps = release.build.steps.map(({ run }) => run ?? '').join('\n');
  for (const it of ['build.js --target', 'check-binary.js', 'sbom.js', 'cargo audit bin'])
    expect(steps).toContain(it);
  const tested = ['test', 'test-musl'].flatMap((id) => release[id].strategy.matrix.platform);
  const emulated = release['test-emulated'].strategy.matrix.include.map((it) => it.platform);
  expect(sorted([...tested, ...emulated, ...LINKED])).toEqual(platformNames);
  for (const id of ['test', 'test-musl'])
    expect(release[id].strategy.matrix.node).toEqual(['18', '20', '22', '24']);
  expect(sorted(release['attest-sbom'].strategy.matrix.platform)).toEqual(platformNames);
});

test('nothing is published that was not packed, tested and attested before; binaries go first', () => {
  const needs = (id) => [release[id].needs ?? []].flat();
  const before = (id) => needs(id).flatMap((it) => [it, ...before(it)]);
  expect(new Set(before('publish'))).toEqual(
    new Set([
      ...['versions', 'build', 'test', 'test-musl', 'test-emulated'],
      ...['pack', 'attest', 'attest-sbom'],
    ]),
  );
  const { run } = release.publish.steps.at(-1);
  expect(run).toContain('sha256sum --check --strict SHA256SUMS');
  expect(run).toContain('for file in ferripc-*-"$version".tgz "ferripc-$version.tgz"; do');
});

test('versions of tools are those of the table', () => {
  const zig = fs.readFileSync(path.join(ROOT, '.github', 'python', 'zig.txt'), 'utf8');
  expect(zig).toContain(`\nziglang==${toolchain.ziglang} --hash=sha256:`);
  const asked = commands.flatMap(({ run }) => [...run.matchAll(/install-tools\.js (.*)/g)]);
  expect(asked.length).toBeGreaterThan(3);
  for (const [, words] of asked)
    for (const tool of words
      .replace(/--target \S+/, '')
      .trim()
      .split(/\s+/))
      expect(Object.keys(toolchain)).toContain(tool);
});

test('a tag other than the version stops a release, and so does an unknown platform', () => {
  const script = (name, ...args) =>
    spawnSync(process.execPath, [path.join(ROOT, 'scripts', name), ...args], { encoding: 'utf8' });
  const { version } = require('../package.json');
  // Of one piece; without a tag, as for a rehearsal, nothing else is asked for.
  const right = script('check-release.js');
  expect([right.status, right.stdout, right.stderr]).toEqual([0, `${version}\n`, '']);
  const wrong = script('check-release.js', 'v99.0.0');
  expect(wrong.status).toBe(1);
  expect(wrong.stderr).toContain(`release: the tag says 99.0.0, package.json ${version}\n`);
  const unknown = script('build.js', '--target', 'plan9-x64');
  expect(unknown.status).toBe(1);
  expect(unknown.stderr).toContain(`it is one of ${platforms.map(({ name }) => name).join(', ')}`);
  expect(script('install-tools.js', 'left-pad').stderr).toContain('no tool "left-pad"');
});

test('there is no release while the links of package.json are placeholders, or of another repository', () => {
  const { crateLinksOf, linksOf } = require('../scripts/check-release');
  const env = { GITHUB_SERVER_URL: 'https://github.com', GITHUB_REPOSITORY: 'someone/ferripc' };
  const links = (owner) => ({
    repository: { url: `git+https://github.com/${owner}/ferripc.git` },
    homepage: `https://github.com/${owner}/ferripc#readme`,
    bugs: { url: `https://github.com/${owner}/ferripc/issues` },
  });
  expect(linksOf(links('someone'), env)).toEqual([]);
  expect(linksOf(links('someone'), {})).toEqual([]);
  expect(linksOf(links('OWNER'), env)).toEqual(
    ['repository', 'homepage', 'bugs'].map((name) =>
      expect.stringContaining(`package.json has a placeholder as ${name}: `),
    ),
  );
  expect(linksOf({}, env)).toEqual(
    ['repository', 'homepage', 'bugs'].map((name) => `package.json has no ${name}`),
  );
  expect(linksOf(links('another'), env)).toEqual([
    expect.stringContaining('this is https://github.com/someone/ferripc'),
  ]);

  expect(crateLinksOf('repository = "https://github.com/someone/ferripc"')).toEqual([]);
  expect(crateLinksOf('repository = "https://github.com/OWNER/ferripc" # yet')).toHaveLength(1);
  expect(crateLinksOf('name = "ferripc"')).toHaveLength(1);

  // The links of this checkout decide about its tag.
  const manifest = require('../package.json');
  const cargo = fs.readFileSync(path.join(ROOT, 'Cargo.toml'), 'utf8');
  const problems = [...linksOf(manifest, {}), ...crateLinksOf(cargo)];
  const tagged = spawnSync(
    process.execPath,
    [path.join(ROOT, 'scripts', 'check-release.js'), `v${manifest.version}`],
    { encoding: 'utf8', env: { ...process.env, GITHUB_SERVER_URL: '', GITHUB_REPOSITORY: '' } },
  );
  expect(tagged.status).toBe(problems.length > 0 ? 1 : 0);
  expect(tagged.stderr).toBe(problems.map((it) => `release: ${it}\n`).join(''));
});

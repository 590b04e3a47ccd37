'use strict';
// What is in the packages as they are published (scripts/pack.js): every file, all of package.json, the same
// bytes each time, and what the linters of packages say. Run by jest.

const { execFile, execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');
const everything = require('../helpers/everything');
const { putBinary } = require('../helpers/installed');
const { packMain, packPlatform, mainManifest } = require('../../scripts/pack');
const { platforms, fileOf, packageOf } = require('../../scripts/platforms');

const ROOT = path.join(__dirname, '..', '..');
const committed = require('../../package.json');
const read = (...names) => fs.readFileSync(path.join(...names));

/** The files of JavaScript and types below a folder of the checkout. */
const modules = (folder) =>
  fs
    .readdirSync(path.join(ROOT, folder), { withFileTypes: true })
    .flatMap(({ name }) =>
      /\.(js|d\.ts)$/.test(name) ? `${folder}/${name}` : modules(`${folder}/${name}`),
    );

/** All of the main package except src/js. */
const FILES = [
  ...['LICENSE', 'README.md', 'package.json'],
  ...['index.js', 'index.mjs', 'index.d.ts', 'index.d.mts', 'index.bundler.d.mts'],
  ...[
    ...['node-ipc', 'appview', 'ipc2', 'ipcio', 'mqueue', 'pixivutil2', 'preload', 'scale'],
    'workers',
  ].flatMap((name) => [`${name}.js`, `${name}.d.ts`]),
  ...['parsers', 'parsers/message'].flatMap((name) =>
    ['.js', '.mjs', '.d.ts', '.d.mts'].map((ending) => name + ending),
  ),
  ...[
    'dao/client',
    'dao/socketServer',
    'entities/Defaults',
    'entities/EventParser',
    'services/IPC',
  ].flatMap((name) => [`${name}.js`, `${name}.d.ts`]),
  ...Object.values(committed.bin ?? {}),
  ...(fs.existsSync(path.join(ROOT, 'CHANGELOG.md')) ? ['CHANGELOG.md'] : []),
];

/**
 * Files in which scripts/join.js has joined others, in the order in which they are loaded; the one that is loaded where no
 * binary loads; and some of these others.
 */
const PARTS_AT_FIRST = ['package', 'client', 'server'].map((name) => `src/js/joined/${name}.js`);
const JS_ENGINE = 'src/js/joined/js-engine.js';
const PARTS = [...PARTS_AT_FIRST, JS_ENGINE];
const JOINED = ['core', 'node-ipc/client', 'engine/engine', 'node-ipc/server', 'engine/js/hub'].map(
  (name) => `src/js/${name}.js`,
);

let directory;
let binary; // of any content: nothing here loads it
beforeAll(() => {
  delete process.env.GITHUB_REPOSITORY;
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-packages-'));
  binary = path.join(directory, 'binary');
  fs.writeFileSync(binary, 'a binary');
});
afterAll(() => fs.rmSync(directory, { recursive: true, force: true }));

let folders = 0;
const newFolder = () => path.join(directory, `${folders++}`);

/** Unpacks a tarball. Returns the folder, and its files by name. */
function unpack(tarball) {
  const folder = newFolder();
  fs.mkdirSync(folder);
  fs.copyFileSync(tarball, path.join(folder, 'packed.tgz')); // tar takes `C:` for the name of a host
  execFileSync('tar', ['-xzf', 'packed.tgz'], { cwd: folder });
  fs.rmSync(path.join(folder, 'packed.tgz'));
  const names = fs.readdirSync(folder, { recursive: true });
  const files = names.filter((name) => fs.statSync(path.join(folder, name)).isFile());
  const inside = files.map((name) => path.relative('package', name).replaceAll('\\', '/')).sort();
  return { folder: path.join(folder, 'package'), files: inside };
}

const SECTION =
  /^\/\/ (\S+)\nfiles\.\w+ = file\(\(function \(module, exports\) \{\n(.*?)^\}\)\); \/\/ \1$/gms;

/** The files that were joined in one, as `[name, text]`. */
const sectionsOf = (text) => [...text.matchAll(SECTION)].map(([, ...section]) => section);

/** What a file requires of this package is at another place once files are joined. */
const OURS =
  /\(require\('[^']+'\)\)\.\w+\(\)|parts\.\w+\(\)\.\w+\(\)|files\.\w+\(\)|require\('\.[^']+'\)/g;

/** And what it requires of Node is required by way of core.js. */
const OF_NODE = /ours\.node\('(\w+)', \(\) => (require\('node:\1'\))\)/g;

const unlinked = (text) => String(text).replace(OURS, 'ours').replace(OF_NODE, '$2');

const manifestOf = (folder) => JSON.parse(read(folder, 'package.json'));

function check(folder, tarball) {
  const args = [path.join(__dirname, 'check-package.mjs'), folder, tarball];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
}

describe('ferripc', () => {
  let tarball;
  let folder;
  let files;
  let joined; // texts by name
  beforeAll(() => {
    tarball = packMain(newFolder());
    ({ folder, files } = unpack(tarball));
    joined = new Map(PARTS.flatMap((name) => sectionsOf(String(read(folder, name)))));
  });

  test('holds these files', () => {
    const apart = modules('src/js').filter((name) => !joined.has(name));
    expect(files).toEqual([...FILES, ...PARTS, ...apart].sort());
    expect(
      files.filter((name) => !/\.(js|mjs|d\.ts|d\.mts|md|json)$|^LICENSE$/.test(name)),
    ).toEqual([]);
  });

  test('they are those of the checkout', () => {
    for (const name of files.filter((it) => it !== 'package.json' && !PARTS.includes(it))) {
      const [packed, own] = [read(folder, name), read(ROOT, name)];
      if (!packed.equals(own)) expect([name, unlinked(packed)]).toEqual([name, unlinked(own)]);
    }
  });

  test('so are those that are joined', () => {
    expect([...joined.keys()]).toEqual(expect.arrayContaining(JOINED));
    for (const [name, text] of joined) {
      expect([name, unlinked(text)]).toEqual([name, unlinked(read(ROOT, name))]);
    }
    const heads = PARTS.map((name) => String(read(folder, name)).replace(SECTION, '').trim());
    expect(new Set(heads).size).toBe(1); // and nothing else is there
    expect(heads[0].length).toBeLessThan(900);
  });

  test.each([
    ['', expect.stringMatching(/\.node$/)],
    ['js', JS_ENGINE],
  ])(
    'a program that serves and connects loads few files (FERRIPC_DRIVER=%s)',
    async (driver, last) => {
      putBinary(folder);
      const args = [
        path.join(__dirname, 'programs', 'loaded.js'),
        folder,
        path.join(directory, 'loaded.'),
      ];
      const env = { ...process.env, FERRIPC_DRIVER: driver };
      const { stdout } = await promisify(execFile)(process.execPath, args, { env });
      expect(JSON.parse(stdout)).toEqual(['index.js', ...PARTS_AT_FIRST, last]);
    },
  );

  test.each([
    ['it is the package', { name: 'ferripc' }, 'works'],
    ['it is another', { name: 'an-app' }, 'ERR_FERRIPC_NO_BINARY'],
    ['there is none', null, 'ERR_FERRIPC_NO_BINARY'],
  ])('the binary in its folder is loaded only if %s by package.json', (_, manifest, said) => {
    const copy = newFolder();
    fs.cpSync(folder, copy, { recursive: true });
    putBinary(copy);
    const file = path.join(copy, 'package.json');
    if (manifest === null) fs.rmSync(file);
    else fs.writeFileSync(file, JSON.stringify(manifest));
    const script = `const ipc = require('./index.js');
      ipc.config.silent = ipc.config.stopRetrying = true;
      try { ipc.connectTo('x', ${JSON.stringify(path.join(copy, 'none'))}); process.stdout.write('works'); }
      catch ({ code }) { process.stdout.write(code); }`;
    const env = { ...process.env, FERRIPC_DRIVER: '', FERRIPC_NO_FALLBACK: '1' };
    const options = { cwd: copy, encoding: 'utf8', env };
    expect(execFileSync(process.execPath, ['-e', script], options)).toBe(said);
  });

  test('package.json is the committed one, without what only a checkout needs', () => {
    const { optionalDependencies, files: packed, ...published } = manifestOf(folder);
    const { files: listed, ...expected } = committed;
    // The links are those of the workflow that packs it, see below.
    const left = ['scripts', 'devDependencies', 'overrides', 'repository', 'homepage', 'bugs'];
    for (const key of left) delete expected[key];
    expect(published).toEqual(expected);
    expect(listed).toEqual(expect.arrayContaining(packed));
    expect(optionalDependencies).toEqual(
      Object.fromEntries(platforms.map(({ name }) => [packageOf(name), committed.version])),
    );
  });

  test('for one platform alone: that one is its only optional dependency', () => {
    const expected = { 'ferripc-linux-arm64-musl': committed.version };
    const one = mainManifest(['linux-arm64-musl']);
    expect(one).toEqual({ ...mainManifest(), optionalDependencies: expected });
  });

  test('the committed package.json names no package that a registry would have to have', () => {
    expect(committed).not.toHaveProperty('dependencies');
    expect(committed).not.toHaveProperty('optionalDependencies');
    expect(committed.files).toContain('ferripc.*.node');
  });

  test('publint and "are the types wrong?" find nothing, in no entry', () => {
    expect(check(folder, tarball)).toEqual([]);
  });

  test('is packed into the same bytes again, with another umask', () => {
    const before = process.umask(0o077);
    try {
      expect(read(packMain(newFolder())).equals(read(tarball))).toBe(true);
    } finally {
      process.umask(before);
    }
  });

  test('the repository is that of the workflow which packs it', () => {
    process.env.GITHUB_SERVER_URL = 'https://example.com';
    process.env.GITHUB_REPOSITORY = 'owner/name';
    try {
      const url = 'git+https://example.com/owner/name.git';
      const expected = { type: 'git', url };
      expect(mainManifest().repository).toEqual(expected);
      // The same links as package.json has, for a repository that has its place.
      const links = ({ repository, homepage, bugs }) => ({ repository, homepage, bugs });
      const said = JSON.stringify(links(mainManifest()));
      const home = said.replaceAll(
        'https://example.com/owner/name',
        'https://github.com/OWNER/ferripc',
      );
      expect(JSON.parse(home)).toEqual(links(require('../../package.json')));
    } finally {
      delete process.env.GITHUB_SERVER_URL;
      delete process.env.GITHUB_REPOSITORY;
    }
  });
});

describe('the packages of platforms', () => {
  const all = [
    ['linux-arm64-musl', { os: ['linux'], cpu: ['arm64'], libc: ['musl'] }],
    ['win32-x64', { os: ['win32'], cpu: ['x64'] }],
    ['linux-arm-gnu', { os: ['linux'], cpu: ['arm'], libc: ['glibc'] }],
    ['linux-ppc64-gnu', { os: ['linux'], cpu: ['ppc64'], libc: ['glibc'] }],
    ['freebsd-x64', { os: ['freebsd'], cpu: ['x64'] }],
  ];
  test.each(everything ? all : all.slice(0, 2))('%s', (name, selected) => {
    const extra = path.join(directory, 'sbom.json');
    fs.writeFileSync(extra, '{}');
    const tarball = packPlatform(name, binary, [extra], newFolder());
    const { folder, files } = unpack(tarball);
    expect(files).toEqual(
      ['LICENSE', 'README.md', fileOf(name), 'package.json', 'sbom.json'].sort(),
    );
    expect(read(folder, fileOf(name)).equals(read(binary))).toBe(true);
    expect(read(folder, 'LICENSE').equals(read(ROOT, 'LICENSE'))).toBe(true);
    expect(manifestOf(folder)).toEqual({
      name: `ferripc-${name}`,
      version: committed.version,
      description: expect.stringContaining(name),
      keywords: committed.keywords,
      license: committed.license,
      type: 'commonjs',
      main: fileOf(name),
      files: [fileOf(name), 'sbom.json'],
      engines: committed.engines,
      ...selected,
      preferUnplugged: true,
    });
    expect(check(folder, tarball)).toEqual([]);
    const again = packPlatform(name, binary, [extra], newFolder());
    expect(read(again).equals(read(tarball))).toBe(true);
  });

  test('there is none for a platform that is not in the table', () => {
    const pack = () => packPlatform('plan9-x64', binary, [], newFolder());
    expect(pack).toThrow('no platform plan9-x64; there are: linux-x64-gnu, ');
  });
});

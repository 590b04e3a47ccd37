'use strict';
// Where the native addon is looked for, and what the error says if there is none.

const fs = require('node:fs');
const path = require('node:path');
const { VERSION, load: loadHere, loaded } = require('../src/js/engine/native');
const { libc } = require('../src/js/engine/platform');
const { ROOT, built, copyPackage, names, packages } = require('./helpers/installed');
const { onLinux } = require('./helpers/platform');
const { createWorld } = require('./helpers/world');

const world = createWorld();

const install = (folder = 'node_modules/ferripc') => copyPackage(world.file(folder));

/** What a process says that loads `file` and starts a server; each start says the same. */
async function load(file, { musl = false, forced = '' } = {}) {
  const child = world.child('no-binary.js', [file, musl], {
    cwd: world.tmp(),
    env: { NAPI_RS_NATIVE_LIBRARY_PATH: forced, FERRIPC_NO_FALLBACK: '1' },
  });
  const { code, lines, stderr } = await child.exited;
  expect([code, stderr]).toEqual([0, '']);
  if (lines.length > 1) expect(lines).toEqual([lines[0], { ...lines[0], attempt: 'second' }]);
  return lines[0];
}

const lines = (error) => error.message.split('\n');
/** What is told of a place. */
const said = (error, place) => error.attempts.find((it) => it.place === place)?.reason;
const hasAdvice = (error, text) =>
  lines(error).some((line) => line.startsWith('- ') && line.includes(text));

test('without a binary: the platform, what was tried, and what to do', async () => {
  const home = install();
  const error = await load(home);
  expect(error.code).toBe('ERR_FERRIPC_NO_BINARY');
  const where = `${process.platform}-${process.arch}`;
  const platform = libc() ? `${where} with ${libc()}` : where;
  expect(lines(error)[0]).toBe(
    `ferripc has no native binary that loads on ${platform} (Node ${process.version}). Tried:`,
  );
  const tried = names.flatMap((name, i) => [path.join(home, name), packages[i]]);
  expect(error.attempts).toEqual(
    tried.map((place) => ({ place, code: null, reason: 'not found' })),
  );
  // In the message those for the other C library are left out, and no line is for what is missing alone.
  const own = names.length > 1 && libc() ? [tried[0], tried[1]] : tried;
  const shown = libc() === 'musl' ? tried.slice(2) : own;
  expect(lines(error)[1]).toBe(`  not found: ${shown.join(', ')}`);
  expect(hasAdvice(error, '--omit=optional')).toBe(true);
  expect(hasAdvice(error, 'install from the Git repository')).toBe(true);
  // Nothing that does not apply.
  expect(hasAdvice(error, 'asarUnpack')).toBe(false);
  expect(hasAdvice(error, 'external')).toBe(false);
  expect(hasAdvice(error, 'Alpine')).toBe(Boolean(libc() === 'musl'));
});

onLinux.test('on Linux the C library is named', async () => {
  expect(libc()).toMatch(/^(glibc \d+\.\d+|musl)$/);
  const error = await load(install(), { musl: true });
  expect(lines(error)[0]).toContain(`linux-${process.arch} with musl (`);
  expect(hasAdvice(error, 'Alpine')).toBe(true);
});

test('the error tells the user of a bundle to mark the package as external', async () => {
  const bundle = world.file('dist');
  fs.cpSync(path.join(ROOT, 'src/js'), bundle, { recursive: true });
  const error = await load(path.join(bundle, 'node-ipc', 'ipc.js'));
  expect(error.code).toBe('ERR_FERRIPC_NO_BINARY');
  expect(hasAdvice(error, 'mark `ferripc` as external')).toBe(true);
});

test('the error tells the user of an app in an archive to unpack the binary', async () => {
  const error = await load(install('app.asar/node_modules/ferripc'));
  expect(hasAdvice(error, '"asarUnpack": ["**/*.node"]')).toBe(true);
  expect(hasAdvice(error, 'external')).toBe(false);
});

test('a file that does not load: why', async () => {
  const home = install();
  const file = path.join(home, names[0]);
  fs.writeFileSync(file, 'text, and no binary');
  const error = await load(home);
  expect(lines(error)[1].startsWith(`  ${file}: `)).toBe(true);
  expect(error.attempts[0]).toMatchObject({ place: file, code: 'ERR_DLOPEN_FAILED' });
});

test('a package of that name without an addon', async () => {
  const home = install();
  const impostor = world.file(`node_modules/${packages[0]}`);
  fs.mkdirSync(impostor);
  fs.writeFileSync(path.join(impostor, 'index.js'), 'module.exports = {};');
  expect(said(await load(home), packages[0])).toBe('not an addon of ferripc');
});

describe('versions', () => {
  test('are the same everywhere', () => {
    const crate = fs.readFileSync(path.join(ROOT, 'Cargo.toml'), 'utf8');
    expect(VERSION).toBe(require('../package.json').version);
    expect(VERSION).toBe(/^version = "(.*)"$/m.exec(crate)[1]);
    loadHere();
    expect(loaded()).toEqual({ file: path.join(ROOT, built), version: VERSION });
  });

  test.each(['9.9.9', undefined])(
    'a binary of another version (%s) is refused',
    async (version) => {
      const home = install();
      const other = world.file(`node_modules/${packages[0]}`);
      fs.mkdirSync(other);
      const exported = `{ Hub: class {}, VERSION: ${JSON.stringify(version)} }`;
      fs.writeFileSync(path.join(other, 'index.js'), `module.exports = ${exported};`);
      const error = await load(home);
      const its = version ?? 'before 0.1.0';
      const reason = `its version is ${its}, but the package's is ${VERSION}`;
      expect(said(error, packages[0])).toBe(reason);
      expect(hasAdvice(error, 'of different versions: remove node_modules')).toBe(true);
    },
  );

  test('after one of another version the next is tried', async () => {
    const home = install();
    const file = fs.readFileSync(path.join(home, 'src/js/engine/native.js'), 'utf8');
    fs.copyFileSync(path.join(ROOT, built), path.join(home, built));
    fs.writeFileSync(path.join(home, 'src/js/engine/native.js'), file.replace(VERSION, '9.9.9'));
    const error = await load(home);
    const reason = `its version is ${VERSION}, but the package's is 9.9.9`;
    expect(said(error, path.join(home, built))).toBe(reason);
    expect(said(error, packages[0])).toBe('not found');
  });
});

test('the platform package is found', async () => {
  const home = install();
  const folder = world.file(`node_modules/${packages[names.indexOf(built)]}`);
  fs.mkdirSync(folder);
  fs.copyFileSync(path.join(ROOT, built), path.join(folder, built));
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ main: built }));
  expect(await load(home)).toBe('works');
});

describe('NAPI_RS_NATIVE_LIBRARY_PATH', () => {
  test('names the addon, whatever its name, relative to the working directory', async () => {
    const home = install();
    fs.copyFileSync(path.join(ROOT, built), world.file('library.so.1'));
    expect(await load(home, { forced: 'library.so.1' })).toBe('works');
  });

  test.each(['text', 'missing'])('to a %s file: nothing else is tried', async (kind) => {
    const home = install();
    fs.copyFileSync(path.join(ROOT, built), path.join(home, built));
    const forced = world.file('library.txt');
    if (kind === 'text') fs.writeFileSync(forced, 'process.exit(9)');
    const error = await load(home, { forced });
    expect(error.code).toBe('ERR_FERRIPC_NO_BINARY');
    expect(error.attempts).toMatchObject([{ place: forced, code: 'ERR_DLOPEN_FAILED' }]);
    expect(lines(error)[1].startsWith(`  ${forced}: `)).toBe(true);
    expect(hasAdvice(error, 'NAPI_RS_NATIVE_LIBRARY_PATH is set')).toBe(true);
  });
});

test('a binary for ARMv7 is not for an older ARM, whose packages have the same name', () => {
  const [arch, config] = ['arch', 'config'].map((it) =>
    Object.getOwnPropertyDescriptor(process, it),
  );
  const { variables } = process.config; // by an accessor before Node 20
  const on = (version) => {
    const value = { variables: { ...variables, arm_version: version } };
    Object.defineProperty(process, 'config', { value, configurable: true });
    jest.resetModules();
    const { candidates } = require('../src/js/engine/platform');
    return candidates()[0].split('-')[1].replace('.node', '');
  };
  Object.defineProperty(process, 'arch', { ...arch, value: 'arm' });
  try {
    expect(['6', '7', '8', undefined].map(on)).toEqual(['armv6', 'arm', 'arm', 'arm']);
  } finally {
    Object.defineProperty(process, 'arch', arch);
    Object.defineProperty(process, 'config', config);
  }
});

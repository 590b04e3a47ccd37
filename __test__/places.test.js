'use strict';
// Which native addon is loaded: never one that somebody else could have put in the way. Bundles of real bundlers, and
// single executables, are in bundlers/.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { ROOT, copyPackage, putBinary, putPlatformPackage } = require('./helpers/installed');
const { onUnix } = require('./helpers/platform');
const { createWorld } = require('./helpers/world');

const world = createWorld();
const NOBODY = 65534;
const asRoot = process.getuid?.() === 0 ? test : test.skip;

/** What a process says that starts a server by `file`, in the test's directory: 'works', or the error. */
async function load(file) {
  const env = { NAPI_RS_NATIVE_LIBRARY_PATH: '', FERRIPC_NO_FALLBACK: '1' };
  const child = world.child('no-binary.js', [file], { cwd: world.tmp(), env });
  const { code, lines, stderr } = await child.exited;
  expect([code, stderr]).toEqual([0, '']);
  return lines[0];
}

const noBinary = expect.objectContaining({ code: 'ERR_FERRIPC_NO_BINARY' });

/** The package's code without its package: what a bundler that keeps files apart makes of it. */
function bundle(folder) {
  fs.cpSync(path.join(ROOT, 'src/js'), world.file(folder), { recursive: true });
  return path.join(world.file(folder), 'node-ipc', 'ipc.js');
}

/** `folder` of the test's directory and those above it, up to the directory itself. */
function upwards(folder) {
  const all = [];
  for (let at = world.file(folder); at.startsWith(world.tmp()); at = path.dirname(at)) all.push(at);
  return all;
}

describe('a bundle', () => {
  test.each(['x/y/dist', 'x/y/dist/src/js', 'x/node_modules/other/src/js'])(
    'in %s takes nothing from the folders above, whatever their names',
    async (folder) => {
      const main = bundle(folder);
      for (const at of upwards(folder)) putBinary(at);
      for (const at of upwards(path.dirname(folder)))
        fs.writeFileSync(path.join(at, 'package.json'), JSON.stringify({ name: 'an-app' }));
      expect(await load(main)).toEqual(noBinary);
    },
  );

  test('takes what lies beside it', async () => {
    const main = bundle('x/dist');
    putBinary(world.file('x/dist/engine')); // beside the file that asks for it
    expect(await load(main)).toBe('works');
  });

  test('takes the package from node_modules, as Node resolves it', async () => {
    const main = bundle('x/y/dist');
    putPlatformPackage(world.file('x/node_modules'));
    expect(await load(main)).toBe('works');
  });
});

test('a package takes the file in its own folder, but not from the folders above', async () => {
  const home = copyPackage(world.file('x/node_modules/ferripc'));
  for (const at of upwards('x/node_modules')) putBinary(at);
  expect(await load(home)).toEqual(noBinary);
  putBinary(home);
  expect(await load(home)).toBe('works');
});

onUnix.describe('in a folder that everybody may write to', () => {
  /** Gives what was put there to another user, links themselves included. */
  const giveAway = (file) => fs.lchownSync(file, NOBODY, NOBODY);

  function shared() {
    const main = bundle('shared/mine/dist');
    fs.chmodSync(world.file('shared'), 0o1777);
    return main;
  }

  asRoot.each(['folder', 'link'])('a %s node_modules of another user is not used', async (kind) => {
    const main = shared();
    const modules = world.file('shared/node_modules');
    putPlatformPackage(kind === 'link' ? world.file('elsewhere') : modules);
    if (kind === 'link') fs.symlinkSync(world.file('elsewhere'), modules);
    giveAway(modules);
    const error = await load(main);
    expect(error).toEqual(noBinary);
    const told =
      `not loaded, since anybody may write to ${world.file('shared')}, ` +
      `and ${modules} belongs to another user (${NOBODY})`;
    expect(error.attempts.map(({ reason }) => reason)).toContain(told);
    expect(error.message).toContain(told);
  });

  asRoot('a binary of another user beside the bundle is not loaded', async () => {
    const main = shared();
    fs.chmodSync(world.file('shared/mine/dist/engine'), 0o777);
    giveAway(putBinary(world.file('shared/mine/dist/engine')));
    expect((await load(main)).message).toContain('belongs to another user');
  });

  test('one of our own is', async () => {
    const main = shared();
    putPlatformPackage(world.file('shared/node_modules'));
    expect(await load(main)).toBe('works');
  });

  asRoot('so is one of the owner of the code', async () => {
    const main = shared();
    giveAway(world.file('shared/mine/dist/engine/places.js'));
    putPlatformPackage(world.file('shared/node_modules'));
    giveAway(world.file('shared/node_modules'));
    expect(await load(main)).toBe('works');
  });
});

describe('in an archive of Electron', () => {
  // A folder with an archive's name: here everything can be read from within. bundlers/ has a real archive.
  test('the binary of the unpacked package is found', async () => {
    const home = copyPackage(world.file('app.asar/node_modules/ferripc'));
    putPlatformPackage(world.file('app.asar.unpacked/node_modules'));
    expect(await load(home)).toBe('works');
  });

  test('so is one beside a bundle', async () => {
    const main = bundle('app.asar/dist');
    putBinary(world.file('app.asar.unpacked/dist/engine'));
    expect(await load(main)).toBe('works');
  });

  test('what is in the place of the unpacked files need not be a folder', async () => {
    const main = bundle('app.asar/dist');
    fs.writeFileSync(world.file('app.asar.unpacked'), '');
    putBinary(world.file('app.asar/dist/engine'));
    expect(await load(main)).toBe('works');
  });

  test('it goes before one in the archive', async () => {
    const home = copyPackage(world.file('app.asar/node_modules/ferripc'));
    putPlatformPackage(world.file('app.asar/node_modules'), 'as it cannot be loaded');
    putPlatformPackage(world.file('app.asar.unpacked/node_modules'));
    expect(await load(home)).toBe('works');
  });
});

test('neither the arguments nor the working directory say where to look', async () => {
  const main = bundle('x/dist');
  for (const folder of [world.tmp(), world.file('planted')]) putBinary(folder);
  const script = `process.argv[1] = ${JSON.stringify(world.file('planted/main.js'))};
    const IPC = require(${JSON.stringify(main)});
    const ipc = new IPC();
    ipc.config.silent = true;
    try { ipc.connectTo('x'); } catch ({ code }) { process.stdout.write(code); }`;
  const env = { ...process.env, FERRIPC_NO_FALLBACK: '1' };
  const options = { cwd: world.tmp(), encoding: 'utf8', env };
  const said = execFileSync(process.execPath, ['-e', script, world.file('planted/x')], options);
  expect(said).toBe('ERR_FERRIPC_NO_BINARY');
});

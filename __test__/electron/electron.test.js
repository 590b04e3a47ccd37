'use strict';
// What is different in Electron, part by part, played in plain Node: V8's memory cage, utility processes and their ports.
// bundlers.test.js has archives (asar) and preload scripts; docs/electron.md says what is left untested.

const { execFile, execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');
const { parse } = require('../docs/markdown');
const { ROOT, built } = require('../helpers/installed');
const { isScript } = require('../helpers/platform');
const { createWorld } = require('../helpers/world');

const world = createWorld();
const shell = path.join(__dirname, 'shell.js');

const compiler = process.env.CC ?? 'cc';
const hasCompiler = process.platform === 'linux' && spawnSync(compiler, ['--version']).status === 0;
const testOfCage = hasCompiler && !isScript ? test : test.skip;

/** A copy of the addon that looks for the cage's functions, and the library that has them. */
function cage() {
  const library = world.file('memory-cage.so');
  const source = path.join(__dirname, 'memory-cage.c');
  execFileSync(compiler, ['-shared', '-fPIC', '-o', library, source]);
  const bytes = fs.readFileSync(path.join(ROOT, built)).toString('latin1');
  const changed = bytes
    .replaceAll('napi_create_external_buffer', 'cage_create_external_buffer')
    .replaceAll('node_api_create_external_string', 'cage_api_create_external_string');
  const addon = world.file(built);
  fs.writeFileSync(addon, Buffer.from(changed, 'latin1'));
  return { LD_PRELOAD: library, NAPI_RS_NATIVE_LIBRARY_PATH: addon };
}

/** Runs a program with Node's arguments `args`. Resolves with what it printed; rejects if it fails. */
async function run(args, { env = {}, cwd } = {}) {
  const options = { cwd, env: { ...process.env, ...env } };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, options);
  return [stdout.trim(), stderr.trim()];
}

testOfCage.each(['loop', 'tokio'])(
  'with a memory cage large values are copied, driver %s',
  async (driver) => {
    const env = { FERRIPC_DRIVER: driver, ...cage() };
    const args = (serialization) => [
      path.join(__dirname, 'large.js'),
      world.socketPath(),
      serialization,
    ];
    const asked = (text) => [...new Set(text.split('\n'))].filter(Boolean);
    const [said, buffers] = await run(args('advanced'), { env });
    expect([said, asked(buffers)]).toEqual(['true', ['buffer']]);
    const [saidOfText, strings] = await run(args('json'), { env });
    // Only Node's own loop has external strings.
    expect([saidOfText, asked(strings)]).toEqual(['true', driver === 'loop' ? ['string'] : []]);
  },
);

const FINISHED = [1, 2, 3].map((done) => `main: ${done} of 3`);

test('a utility process gets work, and ends: the example', async () => {
  const example = path.join(ROOT, 'examples', 'electron', 'index.js');
  const [said] = await run(['--require', shell, example], {
    env: { EXAMPLE_SOCKET_ROOT: `${world.tmp()}${path.sep}` },
  });
  expect(said.split('\n')).toEqual([...FINISHED, 'main: the helper has ended with 0']);
});

test('the same: the program of the document', async () => {
  const folder = world.tmp();
  for (const { notes, text } of parse('docs/electron.md').blocks)
    if (notes.file) fs.writeFileSync(path.join(folder, notes.file), text);
  fs.mkdirSync(path.join(folder, 'node_modules'));
  fs.symlinkSync(ROOT, path.join(folder, 'node_modules', 'ferripc'), 'junction');
  const [said] = await run(['--require', shell, path.join(folder, 'main.js')], { cwd: folder });
  expect(said).toBe('the sum is 6');
});

test('a helper relays between the port of a window and the main process', async () => {
  const main = path.join(__dirname, 'ports-main.js');
  const [said] = await run(['--require', shell, main, world.socketPath()]);
  expect(said).toBe('7 200 200'); // how the helper ended, answers, and right ones
});

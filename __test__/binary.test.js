'use strict';
// What the local binary needs, imports and is made of: the parts of scripts/check-binary.js that hold for every
// build, and docs/supply-chain.md's lists. A release binary (in the release workflow) passes too.

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { candidates } = require('../src/js/engine/platform');
const { check, pathsIn } = require('../scripts/check-binary');
const { readBinary } = require('../scripts/read-binary');
const { onLinux, onUnix } = require('./helpers/platform');
const { createWorld } = require('./helpers/world');

const ROOT = path.join(__dirname, '..');
const world = createWorld();
const file = candidates()
  .map((name) => path.join(ROOT, name))
  .find((it) => fs.existsSync(it));
const binary = readBinary(fs.readFileSync(file));
const doc = fs.readFileSync(path.join(ROOT, 'docs', 'supply-chain.md'), 'utf8');

/** A section of the documentation, by its title. */
const section = (title) => doc.split(/^#+ /m).find((it) => it.startsWith(title));

/** A file with the binary's name and other contents. */
function changed(change) {
  const copy = world.file(path.basename(file));
  fs.writeFileSync(copy, change(fs.readFileSync(file)));
  return copy;
}

test('paths of a building machine are recognized, and the names that stand for them are not paths', () => {
  const bytes = (...paths) => Buffer.from(paths.map((it) => `\0text ${it}`).join(''));
  const theirs = ['/root/x.rs', '/Users/runner/work/y', '/home/me/z', 'C:\\Users\\me', 'D:\\a\\b'];
  expect(pathsIn(bytes(...theirs))).toEqual(expect.arrayContaining(theirs));
  expect(pathsIn(bytes(path.join(ROOT, 'src', 'lib.rs')))).not.toEqual([]);
  const names = ['/crates/tokio-1.0.0/src/lib.rs', '/ferripc/src/lib.rs', '/rustc/0a/x'];
  expect(pathsIn(bytes(...names))).toEqual([]);
  // The default folder of sockets, as the binary has it.
  expect(pathsIn(Buffer.from('\0/tmp/\0'))).toEqual([]);
  expect(pathsIn(Buffer.from('\0/tmp/build/x\0'))).toEqual(['/tmp/build/x']);
  // Two texts of the standard library, one behind the other.
  expect(pathsIn(Buffer.from('\0/data/local/tmp/proc/self/mountinfo\0'))).toEqual([]);
});

test('it is for this platform, and links and imports what is allowed', () => {
  expect([binary.os, binary.cpu]).toEqual([process.platform, process.arch]);
  expect(binary.libraries.length).toBeGreaterThan(0);
  expect(check(file, { local: true })).toEqual([]);
});

onLinux.test('on Linux it has no way to start a program or to look up a name', () => {
  expect(binary.imports).toEqual(expect.arrayContaining(['socket', 'connect', 'bind']));
  for (const it of [
    'execve',
    'execvp',
    'system',
    'popen',
    'fork',
    'posix_spawn',
    'getaddrinfo',
    'ptrace',
    'kill',
  ])
    expect(binary.imports).not.toContain(it);
});

onLinux.test('the checker finds what it is meant to find', () => {
  const replace = (from, to) => (buffer) =>
    Buffer.from(buffer.toString('latin1').replaceAll(from, to), 'latin1');
  expect(check(changed(replace('\0getpeername\0', '\0getaddrinfo\0')), { local: true })).toEqual([
    'it imports getaddrinfo',
  ]);
  // glibc and musl have other names for themselves; both are this long.
  const [own] = binary.libraries.filter((it) => /^libc\b/.test(it));
  const other = 'libx'.padEnd(own.length, 'y');
  const problems = check(changed(replace(`\0${own}\0`, `\0${other}\0`)), { local: true });
  expect(problems).toContain(`it needs ${other}`);
  expect(
    check(
      changed(() => Buffer.from('#!/bin/sh\n')),
      { local: true },
    ),
  ).toEqual(['it cannot be read: neither ELF nor Mach-O nor PE']);
  expect(check(path.join(ROOT, 'package.json'))).toEqual([
    'its name is not that of a platform of scripts/platforms.js',
  ]);
});

/** The binary as if it were for Android, mapped with pages of that size. */
function forAndroid(page) {
  const copy = world.file('ferripc.android-arm64.node');
  const bytes = fs.readFileSync(file);
  bytes.writeUInt16LE(183, 18); // e_machine
  const [programs, entry, count] = [32, 54, 56];
  for (let i = 0; i < bytes.readUInt16LE(count); i++) {
    const at = Number(bytes.readBigUInt64LE(programs)) + i * bytes.readUInt16LE(entry);
    if (bytes.readUInt32LE(at) === 1) bytes.writeBigUInt64LE(BigInt(page), at + 48);
  }
  fs.writeFileSync(copy, bytes);
  return copy;
}

const isLong = ['x64', 'arm64'].includes(process.arch);
(isLong ? onLinux.test : test.skip)('a binary for Android is for pages of 16 KiB', () => {
  const problem = 'it is aligned to 4096 bytes, and a page may have 16384';
  expect(check(forAndroid(4096))).toContain(problem);
  expect(check(forAndroid(4096), { local: true })).not.toContain(problem);
  for (const page of [16384, 65536])
    expect(check(forAndroid(page)).join()).not.toContain('it is aligned');
});

onUnix.test('the documented command passes for a good binary, and fails for a bad one', () => {
  const [, line] = /tested by: __test__\/binary\.test\.js -->\n+```sh\n(.*)\n```/.exec(doc);
  // This Node, of whatever name.
  const command = line.replace(/^node /, `"${process.execPath}" `);
  const fine = spawnSync('sh', ['-c', command], { cwd: ROOT, encoding: 'utf8' });
  expect([fine.status, fine.stderr]).toEqual([0, '']);
  expect(fine.stdout).toContain(`${path.basename(file)}: ok. `);
  const bad = spawnSync('sh', ['-c', `${command} package.json`], { cwd: ROOT, encoding: 'utf8' });
  expect(bad.status).toBe(1);
  expect(bad.stderr).toContain('package.json: its name is not');
});

const hasCargo = spawnSync('cargo', ['--version']).status === 0;
(hasCargo ? test : test.skip)(
  'the crates in it and their licences are those of the documentation',
  () => {
    const args = ['tree', '--locked', '--target', 'x86_64-unknown-linux-gnu', '--prefix', 'none'];
    args.push('--edges', 'no-dev,no-build,no-proc-macro', '--no-dedupe', '--format', '{p}|{l}');
    const lines = execFileSync('cargo', args, { cwd: ROOT, encoding: 'utf8' }).trim().split('\n');
    const found = new Set(lines.map((it) => it.replace(/ v[^|]*\|/, ': ')));
    found.delete('ferripc: MIT');
    const rows = [...section('Crates').matchAll(/^\| (`.*?) +\| (.*?) +\|/gm)];
    const said = rows.flatMap(([, names, licence]) =>
      [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => `${name}: ${licence}`),
    );
    expect(said.sort()).toEqual([...found].sort());
  },
);

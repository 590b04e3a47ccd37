#!/usr/bin/env node
'use strict';
// Checks that a binary is fit to be published: `node scripts/check-binary.js [--local] FILE…`, where a FILE
// is named ferripc.<platform>.node. Plain Node, so that anyone can check what npm brought. The release
// workflow runs it on every binary; __test__/binary.test.js holds the local build to what applies to it.
//
// What has to hold:
// - the file is for the platform that its name says;
// - it needs no library outside of LIBRARIES, and no symbol of glibc newer than toolchain.json says;
// - on Linux, it imports nothing of NEVER;
// - it can be loaded where pages are as large as scripts/platforms.js says;
// - no path of the machine that built it is in there.
// --local: for a plain `cargo build`, which may need more (LOCAL), newer symbols or smaller pages, and have such paths.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { platforms, fileOf } = require('./platforms');
const { readBinary } = require('./read-binary');
const { glibc } = require('./toolchain.json');

/** The libraries that a published binary may need: the system's own. docs/supply-chain.md lists them. */
const LIBRARIES = {
  glibc: [
    'libc.so.6',
    'libpthread.so.0',
    'libdl.so.2',
    /^ld-linux-(x86-64\.so\.2|aarch64\.so\.1|armhf\.so\.3|riscv64-lp64d\.so\.1)$/,
    /^ld64\.so\.[12]$/, // s390x, ppc64
  ],
  musl: ['libc.so'],
  freebsd: ['libc.so.7', 'libm.so.5', 'libthr.so.3', 'libgcc_s.so.1'],
  android: ['libc.so', 'libdl.so', 'libm.so'],
  darwin: ['/usr/lib/libSystem.B.dylib', '/usr/lib/libiconv.2.dylib'],
  win32: [
    'advapi32.dll',
    'api-ms-win-core-synch-l1-2-0.dll',
    'bcryptprimitives.dll',
    'kernel32.dll',
    'ntdll.dll',
    'userenv.dll',
    'ws2_32.dll',
  ],
};

/** … and what the usual tools of a platform add: compilers' run-time libraries. */
const LOCAL = {
  glibc: ['libgcc_s.so.1'],
  musl: ['libgcc_s.so.1', /^libc\.musl-\w+\.so\.1$/],
  freebsd: [],
  android: ['liblog.so'],
  darwin: [],
  win32: ['vcruntime140.dll', /^api-ms-win-crt-[\w-]+\.dll$/, 'msvcrt.dll', 'bcrypt.dll'],
};

/** The versions of a system's symbols that may be asked for: what they begin with, and the newest. */
const VERSIONS = {
  glibc: [/^GLIBC_(.*)/, glibc],
  freebsd: [/^FBSD_(.*)/, '1.6'], // of FreeBSD 13
  android: [/^LIBC(_N)?$/, ''], // of Android 7
};

/**
 * Functions of the C library that the binary does not have, so what it cannot do by it: start programs, look
 * host names up, become another user, watch another process. On Linux only: elsewhere linkers leave in
 * what of Rust's standard library is not used.
 */
const NEVER = [
  /^(f?exec(ve?|le|l|vpe?|lp|veat)|posix_spawnp?|v?fork|clone3?|system|popen|wordexp)$/,
  /^(getaddrinfo|gethostby.*|getnameinfo|res_.*|__res_.*)$/,
  /^(set(e|re|res)?[ug]id|setgroups|chroot|ptrace|process_vm_.*|kill|tgkill)$/,
];

/**
 * Paths as they are on machines that build. A folder alone does not count: "/tmp/" is where some sockets are. Nor does one
 * with a path of the system right behind it: Rust's texts have no end mark, and for Android "/data/local/tmp" is one.
 */
const PATHS =
  /(?:\/(?:root|home|Users|tmp|work|builds?|github)\/(?!(?:proc|sys|dev)\/)|\b[A-Z]:[\\/](?:Users|a)[\\/]|\.cargo[\\/])[ -~]+/g;

const byNumber = (a, b) => a.localeCompare(b, 'en', { numeric: true });
const fits = (name, list) =>
  list.some((it) => (typeof it === 'string' ? it === name : it.test(name)));

/** Paths of a building machine, this one's own included, in a binary's bytes. */
function pathsIn(buffer) {
  const bytes = buffer.toString('latin1');
  const own = [os.homedir(), path.join(__dirname, '..')].filter((it) => it.length > 3);
  return [...(bytes.match(PATHS) ?? []), ...own.filter((it) => bytes.includes(it))];
}

/** What is wrong with the binary in `file`: sentences, none if nothing is. */
function check(file, { local = false } = {}) {
  const platform = platforms.find(({ name }) => fileOf(name) === path.basename(file));
  if (!platform) return ['its name is not that of a platform of scripts/platforms.js'];
  const buffer = fs.readFileSync(file);
  let binary;
  try {
    binary = readBinary(buffer);
  } catch (error) {
    return [`it cannot be read: ${error.message}`];
  }
  const problems = [];
  const { name, os: system, cpu, libc } = platform;
  const wanted = system === 'android' ? 'linux' : system;
  if (binary.os !== wanted || binary.cpu !== cpu)
    problems.push(`it is for ${binary.os}-${binary.cpu}, not for ${name}`);

  const kind = libc ?? system;
  const allowed = [...LIBRARIES[kind], ...(local ? LOCAL[kind] : [])];
  for (const library of binary.libraries) {
    const known = system === 'win32' ? library.toLowerCase() : library;
    if (!fits(known, allowed)) problems.push(`it needs ${library}`);
  }
  const [own, most] = VERSIONS[kind] ?? [/^$/, ''];
  for (const version of local ? [] : binary.versions) {
    const [all, number = ''] = own.exec(version) ?? [];
    const isFine = all && (most === '' || byNumber(number, platform.glibc ?? most) <= 0);
    if (!isFine) problems.push(`it needs the version ${version}`);
  }
  if (system === 'linux')
    for (const symbol of binary.imports)
      if (fits(symbol, NEVER)) problems.push(`it imports ${symbol}`);
  if (!local && binary.align < platform.page)
    problems.push(`it is aligned to ${binary.align} bytes, and a page may have ${platform.page}`);
  const found = local ? [] : [...new Set(pathsIn(buffer))];
  for (const it of found.slice(0, 5)) problems.push(`it contains ${it.slice(0, 120)}`);
  if (found.length > 5) problems.push(`… and ${found.length - 5} more paths`);
  return problems;
}

/** The facts about a binary without problems. */
function summary(file) {
  const { format, libraries, imports, versions } = readBinary(fs.readFileSync(file));
  const newest = versions.filter((it) => it.startsWith('GLIBC_')).sort(byNumber);
  const facts = [`${format}; needs ${libraries.join(', ')}`];
  if (newest.length > 0) facts.push(`newest symbol version ${newest.at(-1)}`);
  facts.push(imports ? `${imports.length} imports` : 'its imports are not read');
  return facts.join('; ');
}

module.exports = { check, pathsIn };

if (require.main === module) {
  const files = process.argv.slice(2).filter((it) => it !== '--local');
  const local = process.argv.includes('--local');
  if (files.length === 0) throw new TypeError('which file?');
  for (const file of files) {
    const problems = check(file, { local });
    for (const problem of problems) console.error(`${file}: ${problem}`);
    if (problems.length > 0) process.exitCode = 1;
    else console.log(`${file}: ok. ${summary(file)}`);
  }
}

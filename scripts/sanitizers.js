'use strict';
// `npm run test:sanitizers`: the tests of the Rust sources where reads and writes that must not be are seen. Not a part of
// `npm test`. Exits with 1 if something was found.
//
//   npm run test:sanitizers                    all of them, each in target/<its name>
//   npm run test:sanitizers -- miri            what is pure Rust, interpreted: undefined behaviour of any kind, and leaks
//   npm run test:sanitizers -- address         unit and integration tests: memory outside of what is allocated, or freed
//   npm run test:sanitizers -- thread          the same tests: data races; the standard library is built with it, too
//
// `address` takes any compiler with its runtime, as rustup's are. The others want a nightly toolchain, NIGHTLY in the environment
// (default: `nightly`), with `rustup component add --toolchain nightly miri rust-src`. The addon within Node is
// scripts/memcheck.js's. Linux.

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { hostTriple, systems } = require('./cargo');
const { optionsOf, refuse } = require('./usage');

const root = path.join(__dirname, '..');
const nightly = process.env.NIGHTLY || 'nightly';

/** What makes no system call that Miri does not know: what reads a peer's bytes, and what is kept for it. */
const PURE = [
  'engine::codec',
  'engine::datagram',
  'engine::driver::busy_poll',
  'engine::driver::patience',
  'engine::error',
  'engine::handshakes',
  'engine::link',
  'engine::mailbox',
  'engine::memory',
  'engine::pace',
  'engine::panics',
  'engine::transport::mqueue::changes',
  'engine::transport::tls::outline',
  'engine::unfinished',
  'protocols',
];

/** What is among them and makes such calls: of processes, their folders, and sockets. */
const CALLS = ['protocols::ipc2::host', 'protocols::appview::pair', 'protocols::zmtp::req'];

/** What takes Miri ten minutes and more: thousands of tasks, datagrams, or elements. */
const LONG = ['thousands_of_producers', 'the_spool_is_bounded', 'do_not_take_for_ever'];

/** What the tool `name` builds, and where. */
const what = (name) => ['--locked', ...systems, '--target-dir', path.join(root, 'target', name)];

/** The tests for `address` and `thread`, which see only code that is compiled with their flags. */
const tests = (name) => [...what(name), '--target', hostTriple(), '--lib', '--tests'];

const TOOLS = {
  miri: () => ({
    args: [
      `+${nightly}`,
      'miri',
      'test',
      ...what('miri'),
      '--lib',
      '--',
      ...PURE,
      ...[...CALLS, ...LONG].flatMap((it) => ['--skip', it]),
    ],
    // Clocks and files are the machine's. Random cases are few: each takes hundreds of times as long.
    env: { MIRIFLAGS: '-Zmiri-disable-isolation', PROPTEST_CASES: '3' },
  }),
  address: () => ({
    args: ['test', ...tests('address')],
    env: { RUSTC_BOOTSTRAP: '1', RUSTFLAGS: '-Zsanitizer=address -Cdebug-assertions=on' },
  }),
  thread: () => ({
    args: [`+${nightly}`, 'test', '-Zbuild-std', ...tests('thread')],
    env: {
      RUSTFLAGS: '-Zsanitizer=thread',
      TSAN_OPTIONS: `suppressions=${path.join(__dirname, 'thread-sanitizer.txt')}`,
    },
  }),
};

const { positionals } = optionsOf(__filename, { allowPositionals: true });
const names = positionals.length > 0 ? positionals : Object.keys(TOOLS);
const unknown = names.find((name) => !Object.hasOwn(TOOLS, name));
if (unknown) refuse(__filename, `no sanitizer ${unknown}: ${Object.keys(TOOLS).join(', ')}`);
const failed = names.filter((name) => {
  console.log(`\n=== ${name}`);
  const { args, env } = TOOLS[name]();
  const { status, error } = spawnSync('cargo', args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  if (error) console.error(`cargo: ${error.message}`);
  return status !== 0;
});
console.log(failed.length === 0 ? '\nsanitizers: nothing found' : `\nsanitizers: ${failed}`);
process.exitCode = failed.length === 0 ? 0 : 1;

'use strict';
// `npm run test:memcheck`: plays __test__/fixtures/memcheck.js under valgrind and reports what it says of
// the addon: reads and writes outside of what is allocated or after it was freed, decisions by bytes that
// nobody wrote, and memory that is lost. Not a part of `npm test`; about five minutes. Linux only. Exits
// with 1 if there is something to report.
//
//   npm run test:memcheck                       all scenarios with both drivers
//   npm run test:memcheck -- exit worker-end    these only
//   npm run test:memcheck -- --built FILE       the addon in FILE, such as a release, instead of one that is built for this
//   npm run test:memcheck -- --asan             AddressSanitizer instead of valgrind: much faster, sees the
//                                               stack and no lost memory. Needs gcc's libasan.so
//   npm run test:memcheck -- --asan --soak      the soak with it, of 200 clients on each transport, instead of scenarios
//
// The addon is built in target/memcheck (target/asan), with symbols and debug assertions, and is not
// installed. What is reported without a frame of the addon is V8's or Node's own and left out, and so are,
// of TLS, unwritten bytes: valgrind sees some in each authentication tag that ring's assembly makes.

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { names } = require('../__test__/fixtures/memcheck');
const { hostTriple } = require('./cargo');
const { optionsOf, refuse } = require('./usage');

const root = path.join(__dirname, '..');
const fixture = path.join(root, '__test__', 'fixtures', 'memcheck.js');
const ADDON = 'ferripc-memcheck.node';

/** For scenarios that end with process.exit(): Node frees nothing then, so no memory counts as lost. */
const EXIT_CODES = { exit: 7 };

const LOST = /<kind>Leak/;

/** What napi-rs itself leaks when it registers an addon: references, 40 bytes each, per environment. */
const KNOWN = /<kind>Leak[^]*<fn>napi_register_module_v1<\/fn>/;

/** Builds the addon in a folder of its own. */
function build(target, flags) {
  const triple = hostTriple();
  const args = ['build', '--locked', '--target', triple, '--target-dir', target];
  const env = { ...process.env, CARGO_PROFILE_DEV_OPT_LEVEL: '1', ...flags };
  execFileSync('cargo', args, { cwd: root, stdio: 'inherit', env });
  place(path.join(target, triple, 'debug', 'libferripc.so'), target);
}

/** Puts an addon where it is looked for, under the name by which reports know it. */
function place(addon, target) {
  fs.mkdirSync(target, { recursive: true });
  fs.copyFileSync(addon, path.join(target, ADDON));
}

/** Where `program` is, or null. */
function find(program) {
  const folders = process.env.PATH.split(path.delimiter);
  const files = folders.map((folder) => path.join(folder, program));
  return files.find((file) => fs.existsSync(file)) ?? null;
}

const valgrind = {
  missing: () => find('valgrind') === null && 'valgrind is not installed',
  target: path.join(root, 'target', 'memcheck'),
  flags: {},
  play(args, env, directory, scenario) {
    const xml = path.join(directory, 'valgrind.xml');
    const options = [
      '--quiet',
      '--xml=yes',
      `--xml-file=${xml}`,
      '--error-limit=no',
      '--num-callers=40',
      `--undef-value-errors=${scenario === 'tls' ? 'no' : 'yes'}`,
      '--leak-check=full',
      '--show-leak-kinds=definite',
    ];
    const ended = run('valgrind', [...options, process.execPath, ...args], env);
    const report = fs.readFileSync(xml, 'utf8');
    const errors = report.match(/<error>[^]*?<\/error>/g) ?? [];
    const known = scenario in EXIT_CODES ? LOST : KNOWN;
    const own = errors.filter((error) => isOurs(error) && !known.test(error));
    return { ...ended, found: own.map(readable), others: errors.length - own.length };
  },
};

/** Whether the addon is involved; unwritten bytes have to be looked at by itself, not by V8's collector. */
function isOurs(error) {
  const objects = error.match(/<obj>.*<\/obj>/g) ?? [];
  const inner = objects.find((object) => !/valgrind|libc\.so/.test(object));
  return /<kind>Uninit/.test(error) ? !!inner?.includes(ADDON) : error.includes(ADDON);
}

/** An error of valgrind, roughly as it would print it: what it is, and the frames down to Node's. */
function readable(error) {
  const part = (text, name) => new RegExp(`<${name}>(.*)</${name}>`).exec(text)?.[1];
  const plain = (text) => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>');
  const line = (piece) => {
    if (!piece.startsWith('<frame>')) return piece.replace(/<[^>]*>/g, '');
    const file = part(piece, 'file');
    const place = file
      ? `${file}:${part(piece, 'line')}`
      : path.basename(part(piece, 'obj') ?? 'JIT');
    return `    ${plain(part(piece, 'fn') ?? '?')} (${place})`;
  };
  const stack = (text) => {
    const frames = text.match(/<frame>[^]*?<\/frame>/g);
    const last = frames.findLastIndex((frame) => frame.includes(ADDON));
    return frames.slice(0, last + 3).map(line);
  };
  const pieces = error.match(/<stack>[^]*?<\/stack>|<(text|what|auxwhat)>[^]*?<\/\1>/g);
  return pieces
    .flatMap((piece) => (piece.startsWith('<stack>') ? stack(piece) : [line(piece)]))
    .join('\n');
}

const asan = {
  library: () => execFileSync('gcc', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim(),
  missing() {
    const installed = find('gcc') !== null && path.isAbsolute(asan.library());
    return !installed && 'gcc and its libasan.so are not installed';
  },
  target: path.join(root, 'target', 'asan'),
  flags: { RUSTC_BOOTSTRAP: '1', RUSTFLAGS: '-Zsanitizer=address' },
  /** What it finds ends the process. */
  environment: () => ({
    LD_PRELOAD: asan.library(),
    ASAN_OPTIONS: 'detect_leaks=0:exitcode=99',
  }),
  play(args, env) {
    const ended = run(process.execPath, args, { ...env, ...asan.environment() });
    const found = ended.stderr.match(/ERROR: AddressSanitizer[^]*/) ?? [];
    return { ...ended, found, others: 0 };
  },
};

/** For one scenario, on a busy machine, too. */
const LIMIT = 1_800_000;

function run(command, args, env) {
  const options = { encoding: 'utf8', timeout: LIMIT, env: { ...process.env, ...env } };
  const { status, signal, stdout, stderr } = spawnSync(command, args, options);
  return { status: status ?? signal, stdout, stderr };
}

/** Plays one scenario with one driver. Returns whether it passed. */
function check(tool, scenario, driver) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-memcheck-'));
  try {
    const env = {
      NAPI_RS_NATIVE_LIBRARY_PATH: path.join(tool.target, ADDON),
      FERRIPC_DRIVER: driver,
    };
    const args = [fixture, scenario, directory];
    const played = tool.play(args, env, directory, scenario);
    const { status, stdout, stderr, found, others } = played;
    const expected = EXIT_CODES[scenario] ?? 0;
    const right = status === expected && (expected !== 0 || stdout === 'ok\n') && stderr === '';
    const left = others > 0 ? ` (and ${others} without it, or known)` : '';
    console.log(`${scenario}, ${driver} driver: ${found.length} errors${left}`);
    for (const error of found) console.log(error.replace(/^/gm, '  '));
    if (!right) console.log(`  ended with ${status}, expected ${expected}\n${stdout}${stderr}`);
    return right && found.length === 0;
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
}

/** The soak with the addon of `asan`; returns whether it is as it should be. */
function soak(transport, driver) {
  const args = ['--clients', '200', '--processes', '2', '--minutes', '0.5', '--bound', 'off'];
  const env = {
    ...asan.environment(),
    NAPI_RS_NATIVE_LIBRARY_PATH: path.join(asan.target, ADDON),
  };
  const script = path.join(root, 'bench', 'soak', 'run.js');
  const all = [script, ...args, '--transport', transport, '--driver', driver];
  const { status, stdout, stderr } = run(process.execPath, all, env);
  console.log(`soak, ${transport}, ${driver} driver: ended with ${status}`);
  if (status !== 0) console.log(`${stdout}${stderr}`);
  return status === 0;
}

const DRIVERS = ['loop', 'tokio'];

function main() {
  const no = { type: 'boolean', default: false };
  const options = { asan: no, soak: no, built: { type: 'string' } };
  const { values, positionals } = optionsOf(__filename, { options, allowPositionals: true });
  if (values.soak && !values.asan) refuse(__filename, '--soak is for --asan');
  const tool = values.asan ? asan : valgrind;
  const missing = process.platform === 'linux' ? tool.missing() : 'this is not Linux';
  if (missing) {
    console.log(`test:memcheck: nothing was checked: ${missing}`);
    return;
  }
  if (values.built) place(values.built, tool.target);
  else build(tool.target, tool.flags);
  const scenarios = positionals.length > 0 ? positionals : names;
  const played = values.soak
    ? ['unix', 'tcp', 'tls'].flatMap((kind) => DRIVERS.map((driver) => soak(kind, driver)))
    : scenarios.flatMap((scenario) => DRIVERS.map((driver) => check(tool, scenario, driver)));
  const wrong = played.filter((right) => !right).length;
  console.log(`${wrong} of ${played.length} runs have something to report`);
  process.exitCode = wrong > 0 ? 1 : 0;
}

main();

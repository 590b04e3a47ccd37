'use strict';
// What a program's user sees where no native binary loads and nothing else may take its place: short, with the reason, and
// what to do about it. fallback.test.js has what comes otherwise.

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { faultIn, readHead } = require('../src/js/engine/binary-file');
const { ROOT, built, copyPackage, putBinary, putPlatformPackage } = require('./helpers/installed');
const { onLinux, onUnix } = require('./helpers/platform');
const { createWorld } = require('./helpers/world');

const world = createWorld();

/** Most lines that an uncaught error may fill, the empty ones and Node's own included. */
const MOST = 15;

const STRICT = { NAPI_RS_NATIVE_LIBRARY_PATH: '', FERRIPC_NO_FALLBACK: '1' };

/** Runs a program that calls the package in `home` and catches nothing. Resolves with the lines of stderr. */
async function uncaught(home, { flags = [], program = 'main.js', call, env = {} } = {}) {
  const file = path.join(path.dirname(home), program);
  const text = program.endsWith('.mjs')
    ? `import ipc from ${JSON.stringify(`./${path.basename(home)}/index.mjs`)};`
    : `const ipc = require(${JSON.stringify(home)});`;
  fs.writeFileSync(file, `${text}\nipc.config.silent = true;\n${call ?? "ipc.connectTo('x');"}\n`);
  const options = { env: { ...process.env, ...STRICT, ...env } };
  const child = spawn(process.execPath, [...flags, file], options);
  world.after(() => child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (data) => (stderr += data));
  await new Promise((resolve) => child.once('close', resolve));
  const lines = stderr.trimEnd().split('\n');
  expect([lines.length <= MOST, stderr]).toEqual([true, stderr]);
  expect(stderr).toContain('ERR_FERRIPC_NO_BINARY');
  // The program's own line is there, and none of ours.
  const frames = lines.filter((line) => line.startsWith('    at '));
  expect([frames.length, frames[0]]).toEqual([1, expect.stringContaining(program)]);
  return stderr;
}

const install = () => copyPackage(world.file('ferripc'));
const works = () => fs.readFileSync(path.join(ROOT, built));

describe('uncaught, it has at most 15 lines', () => {
  const callsOf = {
    connectTo: "ipc.connectTo('x');",
    'connectToNet in a function, by a name': "(() => ipc.connectToNet('x', 'localhost', 8000))();",
    'server.start': 'ipc.serve(); ipc.server.start();',
    'a TCP server, by a name': "ipc.serveNet('localhost', 8000); ipc.server.start();",
    'a UDP server, by a name': "ipc.serveNet('localhost', 8000, 'udp4'); ipc.server.start();",
  };

  test.each(Object.entries(callsOf))('from %s', async (_, call) => {
    expect(await uncaught(install(), { call })).toMatch(/^- Reinstall on this platform/m);
  });

  test('from an ES module', async () => {
    await uncaught(install(), { program: 'main.mjs' });
  });

  test('with all that can be wrong', async () => {
    const home = install();
    putBinary(home, 'text');
    putPlatformPackage(path.join(home, 'node_modules'), works().subarray(0, 100_000));
    const said = await uncaught(home);
    expect(said).toMatch(/^- The file was cut off/m);
  });

  test('with NAPI_RS_NATIVE_LIBRARY_PATH', async () => {
    const env = { NAPI_RS_NATIVE_LIBRARY_PATH: world.file('nothing') };
    expect(await uncaught(install(), { env })).toContain('correct or unset it');
  });
});

describe('the reason is named', () => {
  test('--no-addons', async () => {
    const home = install();
    putBinary(home);
    expect(await uncaught(home, { flags: ['--no-addons'] })).toContain('leave out --no-addons');
    const env = { NODE_OPTIONS: '--no-addons' };
    expect(await uncaught(home, { env })).toContain('NODE_OPTIONS');
  });

  // Node 20 has it as --experimental-permission, and Node 18 not at all.
  const permission = ['--permission', '--experimental-permission'].find((it) =>
    process.allowedNodeEnvironmentFlags.has(it),
  );
  const testPermission = permission ? test : test.skip;

  testPermission('--permission without --allow-addons', async () => {
    const home = install();
    putBinary(home);
    const flags = [permission, '--allow-fs-read=*'];
    expect(await uncaught(home, { flags })).toContain('add --allow-addons');
  });

  test('a file that was cut off, before anything is loaded', async () => {
    const home = install();
    const whole = works();
    for (const length of [whole.length - 1, 1 << 20, 4096, 100, 10, 0]) {
      putBinary(home, whole.subarray(0, length));
      const said = await uncaught(home);
      expect([length, said]).toEqual([
        length,
        expect.stringMatching(/incomplete: it has [\d,]+ by/),
      ]);
      expect(said).toMatch(/^- The file was cut off/m);
    }
  });

  onLinux.test('a binary for another processor, whatever error the system gives', async () => {
    const home = install();
    const [machine, name] = process.arch === 'x64' ? [183, 'arm64'] : [62, 'x64'];
    const other = works();
    other.writeUInt16LE(machine, 18); // e_machine
    putPlatformPackage(path.join(home, 'node_modules'), other);
    const said = await uncaught(home);
    const here = `linux-${process.arch}`;
    expect(said).toContain(`it is for linux-${name}, and this runtime for ${here}`);
    expect(said).toContain('It was installed for another machine');
  });

  test("the package of another platform in this one's place", async () => {
    const home = install();
    const other = `ferripc-${process.platform === 'darwin' ? 'win32' : 'darwin'}-arm64`;
    const folder = path.join(home, 'node_modules', other);
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, 'index.js'), '');
    expect(await uncaught(home)).toContain(
      `There is ${other}. It was installed for another machine`,
    );
  });
});

onUnix.test('with no descriptor left it says so', async () => {
  const home = install();
  putBinary(home);
  const file = world.file('main.js');
  fs.writeFileSync(
    file,
    `const ipc = require(${JSON.stringify(home)});
    ipc.config.silent = true;
    const files = ['node-ipc/arrival', 'node-ipc/client', 'node-ipc/log', 'node-ipc/paths', 'engine/engine'];
    for (const name of files) require(${JSON.stringify(home)} + '/src/js/' + name);
    try { for (;;) require('node:fs').openSync('/dev/null'); } catch {}
    try { ipc.connectTo('x'); } catch ({ message }) { console.log(message); }`,
  );
  const shell = ['-c', 'ulimit -n 64; exec "$@"', 'sh', process.execPath, file];
  const child = spawn('sh', shell, { env: { ...process.env, NAPI_RS_NATIVE_LIBRARY_PATH: '' } });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (data) => (stdout += data));
  await new Promise((resolve) => child.once('close', resolve));
  expect(stdout).toContain('ulimit -n');
});

describe('the head of a binary', () => {
  function elf(machine, { isLong = true, big = false } = {}) {
    const head = Buffer.alloc(4096);
    const half = (value, at) => head[big ? 'writeUInt16BE' : 'writeUInt16LE'](value, at);
    const word = (value, at) => head[big ? 'writeUInt32BE' : 'writeUInt32LE'](value, at);
    const long = (value, at) =>
      head[big ? 'writeBigUInt64BE' : 'writeBigUInt64LE'](BigInt(value), at);
    const address = isLong ? long : word;
    // The table of segments, which has one: where it is, their size and number; their place and size in it.
    const [table, tableAt, sizesAt, place, size] = isLong
      ? [64, 32, 54, 8, 32]
      : [52, 28, 42, 4, 16];
    head.write('\x7fELF', 'latin1');
    head[4] = isLong ? 2 : 1;
    head[5] = big ? 2 : 1;
    half(machine, 18);
    address(table, tableAt);
    half(isLong ? 56 : 32, sizesAt);
    half(1, sizesAt + 2);
    address(1000, table + place);
    address(4000, table + size);
    return head;
  }

  /** A header of each format, for a processor by its number, with one part that ends at 5,000 bytes. */
  const heads = {
    ELF: (machine) => elf(machine),
    /** In the other byte order. */
    'ELF, big-endian': (machine) => elf(machine, { big: true }),
    'ELF, 32 bits': (machine) => elf(machine, { isLong: false }),
    'ELF of FreeBSD'(machine) {
      const head = heads.ELF(machine);
      head[7] = 9;
      return head;
    },
    'Mach-O'(cpu) {
      const head = Buffer.alloc(4096);
      head.writeUInt32BE(0xcffaedfe, 0);
      head.writeUInt32LE(cpu, 4);
      head.writeUInt32LE(1, 16);
      head.writeUInt32LE(0x19, 32); // LC_SEGMENT_64
      head.writeUInt32LE(72, 36);
      head.writeBigUInt64LE(1000n, 32 + 40);
      head.writeBigUInt64LE(4000n, 32 + 48);
      return head;
    },
    PE(machine) {
      const head = Buffer.alloc(4096);
      head.write('MZ');
      head.writeUInt32LE(128, 0x3c);
      head.write('PE\0\0', 128);
      head.writeUInt16LE(machine, 132);
      head.writeUInt16LE(1, 134); // one section
      head.writeUInt16LE(240, 148);
      head.writeUInt32LE(4000, 128 + 24 + 240 + 16);
      head.writeUInt32LE(1000, 128 + 24 + 240 + 20);
      return head;
    },
  };

  // The numbers of <elf.h>, <mach/machine.h> and the PE format.
  test.each([
    ['ELF', 'linux', 62, 'x64'],
    ['ELF', 'linux', 183, 'arm64'],
    ['ELF, 32 bits', 'linux', 40, 'arm'],
    ['ELF', 'linux', 21, 'ppc64'],
    ['ELF, big-endian', 'linux', 22, 's390x'],
    ['ELF of FreeBSD', 'freebsd', 62, 'x64'],
    ['ELF', 'linux', 243, 'riscv64'],
    ['ELF', 'linux', 4711, 'processor 4711'],
    ['Mach-O', 'darwin', 0x01000007, 'x64'],
    ['Mach-O', 'darwin', 0x0100000c, 'arm64'],
    ['PE', 'win32', 0x8664, 'x64'],
    ['PE', 'win32', 0xaa64, 'arm64'],
  ])('%s for %s, %d: %s', (format, os, number, cpu) => {
    const head = heads[format](number);
    const [kind] = /^[\w-]+/.exec(format);
    expect(readHead(head)).toEqual({ format: kind, os, cpus: [cpu], size: 5000 });
    // Android and the BSDs have no format of their own.
    const isHere = cpu === process.arch && kind === readHead(works()).format;
    expect(faultIn(head, 5000)?.kind).toBe(isHere ? undefined : 'foreign');
    if (isHere) expect(faultIn(head, 4999).kind).toBe('incomplete');
  });

  test('of several processors in one', () => {
    const head = Buffer.alloc(64);
    head.writeUInt32BE(0xcafebabe, 0);
    head.writeUInt32BE(2, 4);
    for (const [i, cpu] of [0x01000007, 0x0100000c].entries()) {
      head.writeUInt32BE(cpu, 8 + i * 20);
      head.writeUInt32BE(1000 * i, 8 + i * 20 + 8);
      head.writeUInt32BE(1000, 8 + i * 20 + 12);
    }
    const cpus = ['x64', 'arm64'];
    expect(readHead(head)).toEqual({ format: 'Mach-O', os: 'darwin', cpus, size: 2000 });
  });

  test('of any bytes it gives an answer', () => {
    for (const head of [...Object.values(heads).map((make) => make(62)), works()]) {
      for (let i = 0; i < 300; i++) {
        const bytes = Buffer.from(head.subarray(0, 1 + ((i * 37) % 4096)));
        for (let j = 0; j < 8; j++)
          bytes[(i * 31 + j * 67) % bytes.length] ^= (i * 13 + j * 7) & 255;
        const fault = faultIn(bytes, bytes.length);
        expect(['incomplete', 'foreign', undefined]).toContain(fault?.kind);
      }
    }
  });
});

'use strict';
// Reads the header of a binary: which system and processor it is for, and how long the file has to be.
// native.js checks it before loading, since a truncated binary ends the process silently, and some systems report one
// for another processor as "not found". Also used by the doctor and scripts/read-binary.js.

const { arch, core, platform } = require('../core');
const fs = core('fs');

/** Everything that is read lies in the first bytes of a file. */
const HEAD = 16 * 1024;

const ELF_CPU = {
  3: 'ia32',
  8: 'mipsel',
  20: 'ppc',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  62: 'x64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loong64',
};
const MACHO_CPU = { 0x7: 'ia32', 0xc: 'arm', 0x01000007: 'x64', 0x0100000c: 'arm64' };
const PE_CPU = { 0x14c: 'ia32', 0x1c4: 'arm', 0x8664: 'x64', 0xaa64: 'arm64' };
const LC_SEGMENT_64 = 0x19;

const cpuOf = (table, number) => table[number] ?? `processor ${number}`;

/** How an ELF file's numbers are read, in its byte order: `half`, `word`, and `address`, which has its 32 or 64 bits. */
function elfNumbers(bytes) {
  const [isLong, big] = [bytes[4] === 2, bytes[5] === 2];
  const half = (at) => (big ? bytes.readUInt16BE(at) : bytes.readUInt16LE(at));
  const word = (at) => (big ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at));
  const long = (at) => Number(big ? bytes.readBigUInt64BE(at) : bytes.readBigUInt64LE(at));
  return { isLong, half, word, address: isLong ? long : word };
}

/** The systems of EI_OSABI; files for Linux and Android mostly leave it empty. */
const ELF_OS = { 9: 'freebsd' };

/** The System V ABI, "Object Files" and "Program Loading". */
function readElf(head) {
  const { isLong, half, address } = elfNumbers(head);
  const os = ELF_OS[head[7]] ?? 'linux';
  const found = { format: 'ELF', os, cpus: [cpuOf(ELF_CPU, half(18))] };
  // Where things are in files of 64 bits, or of 32.
  const [programs, sections, sizes] = isLong ? [32, 40, 54] : [28, 32, 42];
  const [offset, length] = isLong ? [8, 32] : [4, 16];
  found.size = address(sections) + half(sizes + 4) * half(sizes + 6); // the table of sections
  for (let i = 0; i < half(sizes + 2); i++) {
    const at = address(programs) + i * half(sizes);
    found.size = Math.max(found.size, address(at + offset) + address(at + length));
  }
  return found;
}

/** <mach-o/loader.h> */
function readMachO(head) {
  let [at, size] = [32, 0];
  for (let left = head.readUInt32LE(16); left > 0; left--) {
    if (head.readUInt32LE(at) === LC_SEGMENT_64) {
      const end = head.readBigUInt64LE(at + 40) + head.readBigUInt64LE(at + 48);
      size = Math.max(size, Number(end));
    }
    at += head.readUInt32LE(at + 4) || Infinity; // past the end
  }
  const cpus = [cpuOf(MACHO_CPU, head.readUInt32LE(4))];
  return { format: 'Mach-O', os: 'darwin', cpus, size };
}

/** <mach-o/fat.h>: binaries of several processors in one file. */
function readUniversal(head) {
  const count = head.readUInt32BE(4);
  if (count > 16) return null; // Java's classes begin with the same number, and their version
  const all = Array.from({ length: count }, (_, i) => 8 + i * 20);
  const cpus = all.map((at) => cpuOf(MACHO_CPU, head.readUInt32BE(at)));
  const ends = all.map((at) => head.readUInt32BE(at + 8) + head.readUInt32BE(at + 12));
  return { format: 'Mach-O', os: 'darwin', cpus, size: Math.max(...ends) };
}

/** Microsoft's "PE Format". */
function readPe(head) {
  const header = head.readUInt32LE(0x3c);
  if (head.toString('latin1', header, header + 4) !== 'PE\0\0') return null;
  const sections = header + 24 + head.readUInt16LE(header + 20);
  let size = 0;
  for (let i = 0; i < head.readUInt16LE(header + 6); i++) {
    const at = sections + i * 40;
    size = Math.max(size, head.readUInt32LE(at + 16) + head.readUInt32LE(at + 20));
  }
  const cpus = [cpuOf(PE_CPU, head.readUInt16LE(header + 4))];
  return { format: 'PE', os: 'win32', cpus, size };
}

/**
 * `{format, os, cpus, size}` of a file that begins with `head`: 'ELF', 'Mach-O' or 'PE'; what process.platform and
 * process.arch call its system and processors; and how many bytes the file must have at least. Null if it is not one of
 * the three formats. Throws a RangeError if it ends within its header.
 */
function readHead(head) {
  if (head.length < 8) return null;
  const magic = head.readUInt32BE(0);
  if (magic === 0x7f454c46) return readElf(head);
  if (magic === 0xcffaedfe) return readMachO(head);
  if (magic === 0xcafebabe) return readUniversal(head);
  if (magic >>> 16 === 0x4d5a) return readPe(head);
  return null;
}

/** The first bytes of a file, and its length. */
function open(file) {
  const fd = fs.openSync(file, 'r');
  try {
    const { size } = fs.fstatSync(fd);
    const head = Buffer.alloc(Math.min(size, HEAD));
    return { size, head: head.subarray(0, fs.readSync(fd, head, 0, head.length, 0)) };
  } finally {
    fs.closeSync(fd);
  }
}

const amount = (number) => number.toLocaleString('en-US');

/** Why a file of `size` bytes with this head cannot be loaded here: `{kind, text}`. Null if nothing shows. */
function faultIn(head, size) {
  const incomplete = (whole) => ({
    kind: 'incomplete',
    text: `incomplete: it has ${amount(size)} bytes${whole}`,
  });
  let found;
  try {
    found = readHead(head);
  } catch {
    return size < HEAD ? incomplete('') : null;
  }
  if (size === 0) return incomplete('');
  if (found === null) return null; // the system says what it thinks of it
  // Android and the BSDs have ELF files as well.
  const format = { darwin: 'Mach-O', win32: 'PE' }[platform] ?? 'ELF';
  if (found.format !== format || !found.cpus.includes(arch)) {
    const its = found.cpus.map((cpu) => `${found.os}-${cpu}`).join(' and ');
    return { kind: 'foreign', text: `it is for ${its}, and this runtime for ${platform}-${arch}` };
  }
  return size < found.size ? incomplete(`, and should have ${amount(found.size)} or more`) : null;
}

/** Why the binary in `file` cannot be loaded here, as far as its header says; null if no reason is known. */
function faultOf(file) {
  let opened;
  try {
    opened = open(file);
  } catch {
    return null; // whoever loads it will see
  }
  return faultIn(opened.head, opened.size);
}

module.exports = { elfNumbers, faultIn, faultOf, readHead };

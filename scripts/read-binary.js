'use strict';
// Reads what an addon's file needs and imports, without any tool of the platform, beyond what
// src/js/engine/binary-file.js knows of its head. Used by scripts/check-binary.js.
//
// readBinary(buffer) answers { format, os, cpu, libraries, imports, versions, align }:
//   format     'ELF' (Linux, Android, FreeBSD), 'Mach-O' (macOS) or 'PE' (Windows)
//   os, cpu    as process.platform and process.arch call them; Android's files are as Linux's
//   libraries  the names of the libraries that have to be there
//   imports    the names of what it takes from them; null where that is not read (Mach-O)
//   versions   ELF: the versions of symbols that it asks for, like 'GLIBC_2.17'; elsewhere none
//   align      ELF: the largest page, in bytes, with which a system can map it

const { elfNumbers, readHead } = require('../src/js/engine/binary-file');

/** Text that ends with a zero. */
function text(buffer, at) {
  return buffer.toString('latin1', at, buffer.indexOf(0, at));
}

// ---- ELF: the System V ABI, "Dynamic Linking", and the LSB for versions ---------------------------------

const [SHT_DYNAMIC, SHT_DYNSYM, SHT_GNU_VERNEED] = [6, 11, 0x6ffffffe];
const DT_NEEDED = 1;
const PT_LOAD = 1;

function readElf(buffer) {
  const { isLong, half, word, address } = elfNumbers(buffer);
  const width = isLong ? 8 : 4; // of an address
  const start = address(isLong ? 40 : 32);
  const size = half(isLong ? 58 : 46);
  const sections = Array.from({ length: half(isLong ? 60 : 48) }, (_, i) => {
    const at = start + i * size;
    const place = at + 8 + 2 * width; // after the name, the type, flags and an address
    return {
      type: word(at + 4),
      offset: address(place),
      size: address(place + width),
      link: word(place + 2 * width),
      info: word(place + 2 * width + 4),
    };
  });
  /** Calls `visit(offset, string)` for the entries of the section of a type. */
  const each = (type, entry, visit) => {
    const section = sections.find((it) => it.type === type);
    if (!section) return;
    const strings = sections[section.link].offset;
    const string = (offset) => text(buffer, strings + offset);
    const end = section.offset + section.size;
    for (let at = section.offset; at < end; at += entry) visit(at, string, section);
  };

  const libraries = [];
  each(SHT_DYNAMIC, 2 * width, (at, string) => {
    if (address(at) === DT_NEEDED) libraries.push(string(address(at + width)));
  });
  const imports = [];
  each(SHT_DYNSYM, isLong ? 24 : 16, (at, string) => {
    const [name, section] = [word(at), half(at + (isLong ? 6 : 14))];
    if (name !== 0 && section === 0) imports.push(string(name));
  });
  const versions = [];
  each(SHT_GNU_VERNEED, Infinity, (first, string, { info }) => {
    let library = first;
    for (let i = 0; i < info; i++) {
      let needed = library + word(library + 8);
      for (let left = half(library + 2); left > 0; left--) {
        versions.push(string(word(needed + 8)));
        needed += word(needed + 12);
      }
      library += word(library + 12);
    }
  });
  // The table of what is mapped, whose entries end with their alignment.
  const [programs, entry] = [address(isLong ? 32 : 28), half(isLong ? 54 : 42)];
  const aligns = Array.from({ length: half(isLong ? 56 : 44) }, (_, i) => programs + i * entry)
    .filter((at) => word(at) === PT_LOAD)
    .map((at) => address(at + entry - width));
  return { libraries, imports, versions, align: Math.min(...aligns) };
}

// ---- Mach-O: <mach-o/loader.h> --------------------------------------------------------------------------

/** LC_LOAD_DYLIB, and the same weak, re-exported and upward. */
const LOADS = [0xc, 0x80000018, 0x8000001f, 0x80000023];

function readMachO(buffer) {
  const libraries = [];
  let at = 32;
  for (let left = buffer.readUInt32LE(16); left > 0; left--) {
    if (LOADS.includes(buffer.readUInt32LE(at)))
      libraries.push(text(buffer, at + buffer.readUInt32LE(at + 8)));
    at += buffer.readUInt32LE(at + 4);
  }
  return { libraries, imports: null, versions: [] };
}

// ---- PE: Microsoft's "PE Format" ------------------------------------------------------------------------

const [IMPORTS, DELAYED] = [1, 13]; // entries of the data directory

function readPe(buffer) {
  const header = buffer.readUInt32LE(0x3c);
  if (buffer.toString('latin1', header, header + 4) !== 'PE\0\0') throw new Error('not a PE file');
  const optional = header + 24;
  if (buffer.readUInt16LE(optional) !== 0x20b) throw new Error('not a 64-bit PE file');
  const table = optional + buffer.readUInt16LE(header + 20);
  const sections = Array.from({ length: buffer.readUInt16LE(header + 6) }, (_, i) => {
    const at = table + i * 40;
    return {
      address: buffer.readUInt32LE(at + 12),
      size: Math.max(buffer.readUInt32LE(at + 8), buffer.readUInt32LE(at + 16)),
      offset: buffer.readUInt32LE(at + 20),
    };
  });
  /** Where in the file lies what will be at an address. */
  const locate = (address) => {
    const its = sections.find((it) => address >= it.address && address < it.address + it.size);
    if (!its) throw new Error(`no section at ${address}`);
    return address - its.address + its.offset;
  };

  const libraries = [];
  const imports = [];
  const read = (directory, entry, nameAt, namesAt) => {
    const address = buffer.readUInt32LE(optional + 112 + directory * 8);
    if (address === 0) return;
    for (let at = locate(address); buffer.readUInt32LE(at + nameAt) !== 0; at += entry) {
      libraries.push(text(buffer, locate(buffer.readUInt32LE(at + nameAt))));
      let name = locate(buffer.readUInt32LE(at + namesAt) || buffer.readUInt32LE(at + 16));
      for (; buffer.readBigUInt64LE(name) !== 0n; name += 8) {
        const found = buffer.readBigUInt64LE(name);
        const byNumber = found >> 63n;
        imports.push(byNumber ? `#${found & 0xffffn}` : text(buffer, locate(Number(found)) + 2));
      }
    }
  };
  read(IMPORTS, 20, 12, 0);
  read(DELAYED, 32, 4, 16);
  return { libraries, imports, versions: [] };
}

const readers = { ELF: readElf, 'Mach-O': readMachO, PE: readPe };

/** What the file says, see above. Throws an Error if it has none of the three formats, or is damaged. */
function readBinary(buffer) {
  const head = readHead(buffer);
  if (head === null || head.cpus.length > 1) throw new Error('neither ELF nor Mach-O nor PE');
  const { format, os, cpus, size } = head;
  if (buffer.length < size) throw new Error(`it ends before its ${size} bytes`);
  return { format, os, cpu: cpus[0], ...readers[format](buffer) };
}

module.exports = { readBinary };

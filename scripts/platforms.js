'use strict';
// The platforms with a prebuilt binary, in one table. Used by the scripts that build and pack, and by
// their tests. A platform's name is the one src/js/engine/places.js looks for: `ferripc.<name>.node` in a
// checkout, the package `ferripc-<name>` elsewhere.

/** The file of a binary, beside package.json in a checkout and in its package. */
const fileOf = (name) => `ferripc.${name}.node`;

/** The package that carries it. */
const packageOf = (name) => `ferripc-${name}`;

/**
 * name, `target` (Rust's name for it), and what package managers select by: `os`, `cpu` and `libc` of
 * https://docs.npmjs.com/cli/configuring-npm/package-json. Node calls a processor `arm` whatever its version, and `ppc64`
 * in either byte order: the binaries are for ARMv7 and little-endian. `glibc`: the oldest version, where the processor is
 * younger than the one of toolchain.json. zig has no headers of an older one. `page`: how large, in bytes, a page of
 * memory may be, where linkers may take it to be smaller. Devices with Android 15 may have pages of 16 KiB.
 */
const platforms = [
  { name: 'linux-x64-gnu', target: 'x86_64-unknown-linux-gnu', libc: 'glibc' },
  { name: 'linux-arm64-gnu', target: 'aarch64-unknown-linux-gnu', libc: 'glibc' },
  { name: 'linux-x64-musl', target: 'x86_64-unknown-linux-musl', libc: 'musl' },
  { name: 'linux-arm64-musl', target: 'aarch64-unknown-linux-musl', libc: 'musl' },
  { name: 'linux-arm-gnu', target: 'armv7-unknown-linux-gnueabihf', libc: 'glibc' },
  { name: 'linux-arm-musl', target: 'armv7-unknown-linux-musleabihf', libc: 'musl' },
  {
    name: 'linux-riscv64-gnu',
    target: 'riscv64gc-unknown-linux-gnu',
    libc: 'glibc',
    glibc: '2.27',
  },
  {
    name: 'linux-ppc64-gnu',
    target: 'powerpc64le-unknown-linux-gnu',
    libc: 'glibc',
    glibc: '2.19',
  },
  { name: 'linux-s390x-gnu', target: 's390x-unknown-linux-gnu', libc: 'glibc' },
  { name: 'freebsd-x64', target: 'x86_64-unknown-freebsd' },
  { name: 'android-arm64', target: 'aarch64-linux-android', page: 16384 },
  { name: 'darwin-x64', target: 'x86_64-apple-darwin' },
  { name: 'darwin-arm64', target: 'aarch64-apple-darwin' },
  { name: 'win32-x64', target: 'x86_64-pc-windows-msvc' },
  { name: 'win32-arm64', target: 'aarch64-pc-windows-msvc' },
].map((platform) => {
  const [os, cpu] = platform.name.split('-');
  return { os, cpu, ...platform };
});

module.exports = { platforms, fileOf, packageOf };

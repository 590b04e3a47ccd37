'use strict';
// Installs what builds and checks releases, in the versions of scripts/toolchain.json:
// `node scripts/install-tools.js [--target TARGET] TOOL…`, where a TOOL is `rust` (by rustup, with the standard
// library of TARGET) or a cargo-… of the table. Used by the workflows; docs/supply-chain.md says how to get the
// same by hand. ziglang comes from .github/python/zig.txt, with a checksum.

const { execFileSync } = require('node:child_process');
const { parseArgs } = require('node:util');
const toolchain = require('./toolchain.json');

const run = (command, ...args) => execFileSync(command, args, { stdio: 'inherit' });

const { values, positionals } = parseArgs({
  options: { target: { type: 'string' } },
  allowPositionals: true,
});
for (const tool of positionals) {
  const version = toolchain[tool];
  if (tool === 'rust') {
    const parts = ['--profile', 'minimal', '--component', 'clippy,rustfmt', '--no-self-update'];
    const target = values.target ? ['--target', values.target] : [];
    run('rustup', 'toolchain', 'install', version, ...parts, ...target);
    run('rustup', 'default', version);
  } else if (version && tool.startsWith('cargo-')) {
    run('cargo', 'install', '--locked', `${tool}@${version}`);
  } else {
    throw new TypeError(`no tool ${JSON.stringify(tool)} in scripts/toolchain.json`);
  }
}

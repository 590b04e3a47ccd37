'use strict';
// The Cargo lines of docs/ipc2.md name the crates of the workspace, where they are.

const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..', '..');

test('docs/ipc2.md: each line names a crate', () => {
  const text = fs.readFileSync(path.join(root, 'docs', 'ipc2.md'), 'utf8');
  const [, block] = /```toml\n\[dependencies\]\n([^`]*)```/.exec(text);
  const lines = block.trim().split('\n');
  expect(lines).toHaveLength(3);
  for (const line of lines) {
    const [, name, folder] = /^(\w+) = \{ path = "\.\.\/ferripc\/([^"]+)" \} # /.exec(line);
    const manifest = fs.readFileSync(path.join(root, folder, 'Cargo.toml'), 'utf8');
    expect(manifest).toContain(`name = "${name}"\n`);
  }
});

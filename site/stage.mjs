// Copies what the site is made of into pages/, as it is: the README as the first page, documents, and the pictures that they
// show. VitePress then reads that folder. Called by build.mjs.

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const site = fileURLToPath(new URL('.', import.meta.url));
const root = path.join(site, '..');
const pages = path.join(site, 'pages');

/** The Markdown files below a folder of the repository. */
function documents(folder) {
  return fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = path.posix.join(folder, entry.name);
    if (entry.isDirectory()) return documents(name);
    return name.endsWith('.md') ? [name] : [];
  });
}

/** The pictures that a document shows, as paths from the root. */
const picturesOf = (file) =>
  [...fs.readFileSync(path.join(root, file), 'utf8').matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)].map(
    ([, target]) => path.posix.join(path.posix.dirname(file), target),
  );

export function stage() {
  fs.rmSync(pages, { recursive: true, force: true });
  const files = [
    'README.md',
    'CHANGELOG.md',
    'SECURITY.md',
    'CONTRIBUTING.md',
    ...documents('docs'),
  ];
  for (const file of [...files, ...new Set(files.flatMap(picturesOf))]) {
    const to = path.join(pages, file.replace(/(^|\/)README\.md$/, '$1index.md'));
    fs.mkdirSync(path.dirname(to), { recursive: true });
    fs.copyFileSync(path.join(root, file), to);
  }
}

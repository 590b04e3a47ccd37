'use strict';
// Links within the repository lead somewhere, and the index lists every document.

const fs = require('node:fs');
const path = require('node:path');
const { anchors, links, markdownFiles, parse, root } = require('./markdown');

const files = markdownFiles();

test.each(files)('%s', (file) => {
  const broken = links(parse(file).prose).filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [name, anchor] = decodeURIComponent(link).split('#');
    const target = name ? path.posix.join(path.posix.dirname(file), name) : file;
    if (!fs.existsSync(path.join(root, target))) return true;
    if (!anchor || !target.endsWith('.md')) return false;
    return !anchors(parse(target).headings).includes(anchor);
  });
  expect(broken).toEqual([]);
});

test('docs/README.md lists every document, once', () => {
  const listed = links(parse('docs/README.md').prose).filter((link) => /^[^/]*\.md$/.test(link));
  const documents = files.filter((file) => /^docs\/[^/]*\.md$/.test(file));
  const expected = documents
    .map((file) => path.basename(file))
    .filter((name) => name !== 'README.md');
  expect(listed.sort()).toEqual(expected.sort());
});

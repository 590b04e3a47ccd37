'use strict';
// Links within the repository lead somewhere, the indexes list every document, and what is shown first is short.

const fs = require('node:fs');
const path = require('node:path');
const { anchors, links, markdownFiles, parse, root, tableRows } = require('./markdown');

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

test('docs/compatibility.md lists the page of every area, once', () => {
  const pages = files.filter((file) => file.startsWith('docs/compatibility/'));
  const { prose } = parse('docs/compatibility.md');
  const listed = links(prose).map((link) => path.posix.join('docs', link));
  expect(listed.sort()).toEqual(pages.sort());
});

test('the README takes a minute to read: no more than 900 words', () => {
  const words = fs.readFileSync(path.join(root, 'README.md'), 'utf8').split(/\s+/);
  expect(words.length).toBeLessThanOrEqual(900);
});

test.each(files)('%s: no cell of a table has more than 200 characters', (file) => {
  const long = tableRows(file).flatMap(({ line, cells }) =>
    cells.filter((cell) => cell.length > 200).map((cell) => `${file}:${line}: ${cell.length}`),
  );
  expect(long).toEqual([]);
});

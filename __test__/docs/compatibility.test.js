'use strict';
// docs/compatibility names tests under its rules: each of them is there, by its file and its title. And each rule that tests
// and comments name by its number (K7, F10) has an anchor of that name.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { markdownFiles, root } = require('./markdown');

const pages = markdownFiles('docs/compatibility');
const texts = new Map(pages.map((file) => [file, fs.readFileSync(path.join(root, file), 'utf8')]));

/** The text of a file without what differs between a title as it is written in a source and as it is read. */
const plain = (text) => text.replace(/\\+(.)/g, '$1').replace(/[’']/g, "'");
const sources = new Map();
const sourceOf = (file) => {
  if (!sources.has(file)) sources.set(file, plain(fs.readFileSync(path.join(root, file), 'utf8')));
  return sources.get(file);
};

test.each(pages)('%s: every test that it names is there', (file) => {
  const lines = texts.get(file).split('\n');
  const missing = lines.flatMap((line, index) => {
    const [, named, rest = ''] =
      /^- `((?:__test__|tests|examples|src)\/[^`]+)`(?:: (.*))?$/.exec(line) ?? [];
    if (!named) return [];
    const where = `${file}:${index + 1}: ${named}`;
    if (!fs.existsSync(path.join(root, named))) return [where];
    const titles = [...rest.matchAll(/"([^"]*)"|`([a-z]+_[a-z_]+)`/g)].map(
      (found) => found[1] ?? found[2],
    );
    return titles
      .filter((it) => !sourceOf(named).includes(plain(it)))
      .map((it) => `${where}: ${it}`);
  });
  expect(missing).toEqual([]);
});

test('every rule that tests name by its number has an anchor, once', () => {
  const grep = ['grep', '-hoE', '\\((K|F)[0-9]+(, (K|F)[0-9]+)*\\)', '--', '__test__', 'tests'];
  const named = new Set(
    execFileSync('git', grep, { cwd: root, encoding: 'utf8' }).match(/[KF]\d+/g),
  );
  const anchors = [...texts.values()].flatMap((text) =>
    [...text.matchAll(/<a id="([KF]\d+)">/g)].map(([, id]) => id),
  );
  expect(new Set(anchors).size).toBe(anchors.length);
  expect([...named].filter((it) => !anchors.includes(it))).toEqual([]);
});

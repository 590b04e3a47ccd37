'use strict';
// What the tests of the documents read in a Markdown file: fenced blocks with their annotations, headings
// and links.
//
// Rules for documents:
// - The blocks of one `##` section share a temporary project, in which `ferripc` and `node-ipc` are this
//   checkout. `<!-- project -->` on a line of its own begins a new one;
//   after `<!-- one project -->` all that follows in the document shares one.
// - `js`, `mjs`, `ts` and `py` blocks are complete programs: run one after the other, each has to end by itself
//   with 0. `ts` is type-checked as well. `console.log(...); // text` expects the line `text`.
// - `sh` is run in the project. Commands of this repository (`npm test`, `node examples/basic`) are not run,
//   but have to name what exists.
// - `json` is parsed; settings for package.json are looked at.
// - `typescript` is an excerpt of index.d.ts.
//
// Annotations, on lines directly before a fence:
//   <!-- file: NAME -->           written to that file of the project, not run by itself
//   <!-- run: COMMAND -->         run after the block is written
//   <!-- output -->               a `text` block: all that the block before it has printed
//   <!-- also with: A, B -->      run again with `node-ipc` being package A, then B: the same output
//   <!-- exit: N -->              the program ends with N instead of 0
//   <!-- needs: PROGRAM -->       skipped, with a message, where PROGRAM is not installed
//   <!-- tested by: FILE -->      that test reads the document and runs the block
//   <!-- not run: REASON -->      counted against a list in blocks.test.js

const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..', '..');

/** Every Markdown file of the repository, relative to its root. */
function markdownFiles(under = '.') {
  return fs.readdirSync(path.join(root, under), { withFileTypes: true }).flatMap((entry) => {
    if (['node_modules', 'target', '.git'].includes(entry.name)) return [];
    const name = path.posix.join(under, entry.name);
    if (name === 'site/pages') return []; // copies, for the site
    if (entry.isDirectory()) return markdownFiles(name);
    return entry.isFile() && name.endsWith('.md') ? [name] : [];
  });
}

const FENCE = /^( *)(`{3,})\s*(\S*).*$/;
const ANNOTATION = /^<!--\s*([a-z ]+?)(?::\s*(.*?))?\s*-->$/;

/** `{ blocks, headings, prose }` of a document; `prose` is its text without the blocks. */
function parse(file) {
  const lines = fs.readFileSync(path.join(root, file), 'utf8').split('\n');
  const blocks = [];
  const headings = [];
  const prose = [];
  let notes = {};
  let project = 0;
  let shared = false;
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i].trim();
    const fence = FENCE.exec(lines[i]);
    const note = ANNOTATION.exec(line);
    const heading = /^(#{1,6})\s+(.*)$/.exec(line);
    if (fence) {
      const [, indent, ticks, language] = fence;
      const at = i + 1;
      const text = [];
      while (++i < lines.length && !lines[i].trim().startsWith(ticks)) {
        text.push(lines[i].slice(indent.length));
      }
      blocks.push({ file, line: at, language, text: `${text.join('\n')}\n`, notes, project });
      notes = {};
      continue;
    }
    prose.push(lines[i]);
    if (note?.[1] === 'project') project++;
    else if (note?.[1] === 'one project') shared = true;
    else if (note) notes[note[1]] = note[2] ?? '';
    else if (line !== '') notes = {};
    if (!heading) continue;
    headings.push(heading[2]);
    if (heading[1].length <= 2 && !shared) project++;
  }
  return { blocks, headings, prose: prose.join('\n') };
}

/** The anchors that GitHub gives these headings. */
function anchors(headings) {
  const seen = new Map();
  return headings.map((heading) => {
    const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1');
    const slug = text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-');
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    return times === 0 ? slug : `${slug}-${times}`;
  });
}

/** The targets of links and images. */
function links(prose) {
  const plain = prose.replace(/(`+)[^`]*?\1/g, 'code');
  return [...plain.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
}

/** The rows of a document's tables: `{ line, cells }`. */
function tableRows(file) {
  const lines = fs.readFileSync(path.join(root, file), 'utf8').split('\n');
  let fenced = false;
  return lines.flatMap((text, index) => {
    if (/^ *```/.test(text)) fenced = !fenced;
    if (fenced || !/^\s*\|/.test(text) || /^[\s|:-]*$/.test(text)) return [];
    const cells = text
      .trim()
      .split(/(?<!\\)\|/)
      .slice(1, -1);
    return [{ line: index + 1, cells: cells.map((cell) => cell.trim()) }];
  });
}

module.exports = { anchors, links, markdownFiles, parse, root, tableRows };

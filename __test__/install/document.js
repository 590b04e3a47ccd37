'use strict';
// What docs/installing.md tells readers to type, by heading: the blocks that say they are tested by
// install.test.js. Used there, so that the document and the test cannot differ.

const fs = require('node:fs');
const path = require('node:path');

const FILE = path.join(__dirname, '..', '..', 'docs', 'installing.md');
const MARK = '<!-- tested by: __test__/install/install.test.js -->';

/** heading -> { commands: every line of its `sh` blocks, json: its `json` blocks, yaml: its `yaml` blocks }. */
function sections() {
  const found = {};
  let section;
  let marked = false;
  let block = null;
  for (const line of fs.readFileSync(FILE, 'utf8').split('\n')) {
    if (block) {
      if (line !== '```') block.lines.push(line);
      else {
        if (block.kind === 'sh') section.commands.push(...block.lines);
        if (block.kind === 'json') section.json.push(JSON.parse(block.lines.join('\n')));
        if (block.kind === 'yaml') section.yaml.push(block.lines.join('\n'));
        block = null;
      }
    } else if (/^#+ /.test(line)) {
      section = found[line.replace(/^#+ /, '')] = { commands: [], json: [], yaml: [] };
    } else if (line.startsWith('```')) {
      block = { kind: marked ? line.slice(3) : '', lines: [] };
    }
    if (line !== '') marked = line === MARK;
  }
  return found;
}

module.exports = sections;

'use strict';
// scripts/prose.js finds what it is for, with the file and the line, and leaves code and the titles of tests alone.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { createWorld } = require('../helpers/world');
const { root } = require('./markdown');

const world = createWorld();
const script = path.join(root, 'scripts', 'prose.js');

/** What the linter says of a document with these paragraphs: line, problem. */
function check(...paragraphs) {
  const file = path.join(world.tmp(), 'x.md');
  fs.writeFileSync(file, `${paragraphs.join('\n\n')}\n`);
  const name = path.relative(root, file);
  const { status, stderr } = spawnSync(process.execPath, [script, name], { encoding: 'utf8' });
  const lines = stderr.split('\n').filter(Boolean);
  return { status, problems: lines.map((line) => line.replace(`${name}:`, '')) };
}

test('it says where something is wrong, and what to write instead', () => {
  const words = Array.from({ length: 41 }, (_, i) => `w${i}`).join(' ');
  expect(
    check(
      'All but for this.',
      'What is no message, and a handler that is none.',
      'As rule K7 says.',
      `A ${words}. Short.`,
      'It is on the the wire.',
    ),
  ).toEqual({
    status: 1,
    problems: [
      '1: write "except for": but for',
      '3: write "is not a": What is no',
      '3: write "is not one": is none',
      '5: a rule has no number outside of CONTRIBUTING.md and tests: K7',
      '7: a sentence of 42 words, more than 40: "A w0 w1 w2 w3 w4 …"',
      '9: "the" is repeated',
    ].map((line) => expect.stringContaining(line)),
  });
});

test('code, anchors and the titles of tests are not prose', () => {
  const title = Array.from({ length: 50 }, (_, i) => `w${i}`).join(' ');
  const passes = [
    '`but for` and `K7`',
    '```js\nbut for\n```',
    '<a id="K7"></a>',
    `- \`__test__/x.test.js\`: "${title}"`,
    'There is none. It is no longer there.',
  ];
  expect(check(...passes)).toEqual({ status: 0, problems: [] });
});

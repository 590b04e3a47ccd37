'use strict';
// The rules that the tests of documents go by (markdown.js, project.js): what is wrong is found.

const fs = require('node:fs');
const path = require('node:path');
const { createWorld } = require('../helpers/world');
const { onUnix } = require('../helpers/platform');
const { anchors, links, parse, root } = require('./markdown');
const { Project } = require('./project');

const world = createWorld();

/** The parts of a document with this text. */
function parsed(text) {
  const file = path.join(world.tmp(), 'x.md');
  fs.writeFileSync(file, text);
  return parse(path.relative(root, file));
}

/** Runs the blocks of a document in one project. */
async function run(text) {
  const project = new Project();
  world.after(() => project.remove());
  for (const block of parsed(text).blocks) await project.take(block);
}

const fenced = (language, text, ...notes) =>
  `${notes.map((note) => `<!-- ${note} -->\n`).join('\n')}\n\`\`\`${language}\n${text}\n\`\`\`\n`;

test('annotations belong to the next fence, and sections have projects of their own', () => {
  const { blocks } = parsed(
    `# A\n\n${fenced('js', '1;', 'file: a.js', 'run: node a.js')}\ntext\n\n${fenced('js', '2;')}
## B\n\n${fenced('sh', 'x')}\n### C\n\n${fenced('sh', 'y')}\n<!-- project -->\n\n${fenced('sh', 'z')}`,
  );
  expect(blocks.map(({ notes }) => notes)).toEqual([
    { file: 'a.js', run: 'node a.js' },
    {},
    {},
    {},
    {},
  ]);
  const [first, second, third, fourth, fifth] = blocks.map(({ project }) => project);
  expect(second).toBe(first);
  expect(third).not.toBe(first);
  expect(fourth).toBe(third);
  expect(fifth).not.toBe(third);
});

test('headings have the anchors of GitHub, and code has no links', () => {
  expect(anchors(['A `b()` & c, d', 'Two', 'Two'])).toEqual(['a-b--c-d', 'two', 'two-1']);
  expect(links('[a](b.md#c) `[d](e)` ![f](g.svg)')).toEqual(['b.md#c', 'g.svg']);
});

onUnix.describe('a block passes', () => {
  test.each([
    ['with what it says that it prints', fenced('js', 'console.log(1 + 1); // 2')],
    [
      'with ports and folders that it names',
      fenced('js', "console.log('/tmp/x', 8000); // /tmp/x 8000"),
    ],
    ['that ends as it says', fenced('js', 'process.exit(3);', 'exit: 3')],
    [
      'that uses a file',
      fenced('js', "exports.a = 'b';", 'file: a.js') + fenced('sh', 'test -f a.js'),
    ],
    ['with its whole output', fenced('sh', 'echo a\necho b') + fenced('text', 'a\nb', 'output')],
  ])('%s', async (_, text) => {
    await run(text);
  });
});

onUnix.describe('a block fails', () => {
  test.each([
    ['that prints something else', fenced('js', 'console.log(1 + 1); // 3'), /printed/],
    [
      'that prints too much',
      fenced('js', 'console.log(1); // 1\nprocess.stdout.write("x");'),
      /printed/,
    ],
    ['that throws', fenced('js', "throw new Error('no');"), /ended with 1/],
    ['that ends well, but should not', fenced('js', '1;', 'exit: 1'), /ended with 0/],
    ['whose types are wrong', fenced('ts', "const a: number = 'b';\nconsole.log(a);"), /TS2322/],
    ['with a command that fails', fenced('sh', 'false\ntrue'), /ended with 1/],
    ['with another output', fenced('sh', 'echo a') + fenced('text', 'b', 'output'), /instead of/],
  ])('%s', async (_, text, reason) => {
    await expect(run(text)).rejects.toThrow(reason);
  });
});

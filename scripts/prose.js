'use strict';
// The English of documents, messages and comments; a step of `npm test`. Documents are read by textlint, with the rules of
// prose/rules.js (wording, length of sentences, numbers of rules, words of the glossary) and write-good's for repeated words
// and clichés. Sources are looked through for the same wording, line by line.
//
//   node scripts/prose.js              every document and source
//   node scripts/prose.js FILE...      these documents
//
// Where a rule is wrong, prose/exceptions.json says which text may stay, in which file, and why. An exception that no text
// needs any more is a problem, too. Exits with 1 if there is one.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { TextlintKernel } = require('@textlint/kernel');
const markdown = require('@textlint/textlint-plugin-markdown').default;
const writeGood = require('textlint-rule-write-good');
const rules = require('./prose/rules');
const exceptions = require('./prose/exceptions.json');

const root = path.join(__dirname, '..');
const DOCUMENTS = ['*.md', ':(exclude)bench/results', ':(exclude)__test__'];
const SOURCES = [
  '*.js',
  '*.mjs',
  '*.d.ts',
  '*.d.mts',
  '*.rs',
  ':(exclude)__test__',
  ':(exclude)scripts/prose',
];
const GOOD = {
  passive: false,
  eprime: false,
  adverb: false,
  so: false,
  thereIs: false,
  tooWordy: false,
  weasel: false,
};

const tracked = (patterns) =>
  execFileSync('git', ['ls-files', '-co', '--exclude-standard', '--', ...patterns], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\n')
    .filter((file) => file && fs.existsSync(path.join(root, file)));
const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');

const used = new Set();
/** Whether the text around a problem, `line`, may stay as it is. */
function mayStay(file, line) {
  const found = exceptions.find((it) => it.file === file && line.includes(it.text));
  if (found) used.add(found);
  return found !== undefined;
}

async function problemsOf(file, kernel) {
  const text = read(file);
  const lines = text.split('\n');
  const { messages } = await kernel.lintText(text, {
    ext: '.md',
    filePath: file,
    plugins: [{ pluginId: 'markdown', plugin: markdown, options: true }],
    rules: [
      ...Object.entries(rules.textlint).map(([ruleId, rule]) => ({ ruleId, rule })),
      { ruleId: 'write-good', rule: writeGood.default ?? writeGood, options: GOOD },
    ],
  });
  return messages
    .filter(({ line }) => !mayStay(file, lines[line - 1]))
    .map(({ line, message }) => `${file}:${line}: ${message}`);
}

function problemsOfSource(file) {
  return read(file)
    .split('\n')
    .flatMap((line, index) =>
      rules.inSources
        .filter(({ pattern }) => pattern.test(line) && !mayStay(file, line))
        .map(({ instead }) => `${file}:${index + 1}: ${instead}: ${line.trim()}`),
    );
}

async function main(files) {
  const kernel = new TextlintKernel();
  const problems = [];
  for (const file of files.length > 0 ? files : tracked(DOCUMENTS))
    problems.push(...(await problemsOf(file, kernel)));
  if (files.length === 0) {
    problems.push(...tracked(SOURCES).flatMap(problemsOfSource));
    for (const it of exceptions)
      if (!used.has(it))
        problems.push(`scripts/prose/exceptions.json: nothing needs ${it.file}: ${it.text}`);
  }
  for (const line of problems) console.error(line);
  console.log(`prose: ${problems.length} problems`);
  process.exitCode = problems.length > 0 ? 1 : 0;
}

main(process.argv.slice(2));

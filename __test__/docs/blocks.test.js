'use strict';
// Runs every block of the documents: see markdown.js for the rules that documents follow.

const fs = require('node:fs');
const path = require('node:path');
const { markdownFiles, parse, root } = require('./markdown');
const { Project, has } = require('./project');
const { createTurns } = require('../helpers/turns');
const packageJson = require('../../package.json');

jest.setTimeout(600_000);

const RUNNABLE = ['js', 'mjs', 'ts', 'py', 'sh'];
const DOCUMENT = /^(README|SECURITY|CHANGELOG|docs\/.*|examples\/.*README)\.md$/;
const documents = markdownFiles().filter((file) => DOCUMENT.test(file));

/** The blocks that nothing runs, and why: what takes a registry, or a tool that is on no machine of the tests. */
const NOT_RUN = new Set([
  'the crate is not published yet',
  'the package is not in the registry yet',
  'needs a published release',
  'needs cargo-deny and cargo-audit, and the network for the advisories',
  'takes the tools of a release and some minutes',
  'needs Docker',
]);

const where = ({ file, line }) => `${file}:${line}`;

/** Whether a command is one of this repository's own; throws if it names what is not there. */
function isOwnCommand(line) {
  const [, command, rest] = /^(?:\w+=\S+ )*(\S+) ?(.*?)(?: +#.*)?$/.exec(line);
  const words = rest.split(' ');
  if (command === 'npm' && ['run', 'test', 'ci'].includes(words[0])) {
    const script = words[0] === 'run' ? words[1] : 'test';
    if (!packageJson.scripts[script]) throw new Error(`no script ${script}`);
    return true;
  }
  const named = { node: words[0], npx: words[1], bash: words[0] }[command] ?? '';
  if (/^(examples|scripts|bench|__test__)\//.test(named)) {
    if (!fs.existsSync(path.join(root, named))) throw new Error(`no ${named}`);
    return true;
  }
  return command === 'cargo' || command === 'git';
}

function checkJson(text) {
  const value = JSON.parse(text);
  for (const key of ['dependencies', 'devDependencies', 'overrides', 'resolutions']) {
    for (const [name, wanted] of Object.entries(value[key] ?? {})) {
      if (!JSON.stringify(wanted).includes('ferripc')) continue;
      const range = /^npm:ferripc@\^(.*)$/.exec(wanted)?.[1];
      if (range !== packageJson.version) throw new Error(`${key}.${name}: ${wanted}`);
    }
  }
}

const squeeze = (text) => text.replace(/\s+/g, ' ').trim();
const declarations = squeeze(
  fs.readFileSync(path.join(root, 'index.d.ts'), 'utf8').replace(/\/\*\*[^]*?\*\//g, ''),
);

/** What is wrong with a block that is not for a project to run; whether it is one. */
function checkOnly(block) {
  const { file, language, notes, text } = block;
  const tested = notes['tested by'];
  if (tested !== undefined) {
    const test = fs.readFileSync(path.join(root, tested), 'utf8');
    if (!test.includes(path.basename(file))) throw new Error(`${tested} does not read ${file}`);
    return true;
  }
  if ('not run' in notes) {
    if (!NOT_RUN.has(notes['not run'])) throw new Error(`not a reason: ${notes['not run']}`);
    return true;
  }
  if (language === 'sh' && !('file' in notes)) {
    const commands = text.split('\n').filter((line) => line && !line.startsWith('#'));
    return commands.every((line) => isOwnCommand(line.replace(/^\$ /, '')));
  }
  if (language === 'json' && !('file' in notes)) checkJson(text);
  if (language === 'typescript' && !declarations.includes(squeeze(text))) {
    throw new Error('not in index.d.ts');
  }
  if (['json', 'text', 'typescript'].includes(language)) {
    return !('file' in notes || 'output' in notes || 'run' in notes);
  }
  if (RUNNABLE.includes(language) || 'file' in notes) return false;
  throw new Error(`a block in ${language || 'no language'} without an annotation`);
}

// Programs are run a few at a time, whatever the document.
const inTurn = createTurns(3);

/** Runs the blocks of one section. Returns what is wrong, and what was skipped. */
async function runSection(blocks) {
  const project = new Project();
  const found = { problems: [], skipped: [] };
  let current;
  try {
    for (const block of blocks) {
      current = block;
      const { needs } = block.notes;
      if ((needs && !has(needs)) || (block.language === 'py' && !has('python3'))) {
        found.skipped.push(`${where(block)}: ${needs ?? 'python3'} is not here`);
        break; // what follows builds upon it
      }
      await project.take(block);
    }
  } catch (error) {
    found.problems.push(`${where(current)}: ${error.message}`);
  } finally {
    project.remove();
  }
  return found;
}

// A pipe has no folder, and Windows no sh.
const onUnix = process.platform === 'win32' ? test.skip : test.concurrent;

onUnix.each(documents)('%s', async (file) => {
  const problems = [];
  const skipped = [];
  const sections = new Map();
  for (const block of parse(file).blocks) {
    try {
      if (checkOnly(block)) continue;
      sections.set(block.project, [...(sections.get(block.project) ?? []), block]);
    } catch (error) {
      problems.push(`${where(block)}: ${error.message}`);
    }
  }
  const all = [...sections.values()].map((blocks) => inTurn(() => runSection(blocks)));
  for (const found of await Promise.all(all)) {
    problems.push(...found.problems);
    skipped.push(...found.skipped);
  }
  for (const line of skipped) console.warn(`skipped ${line}`);
  expect(problems).toEqual([]);
});

test('few blocks are not run', () => {
  const notes = documents.flatMap((file) => parse(file).blocks.map((block) => block.notes));
  const count = (name) => notes.filter((note) => name in note).length;
  console.log(`${notes.length} blocks, ${count('not run')} not run`);
  expect(count('not run')).toBeLessThanOrEqual(10);
});

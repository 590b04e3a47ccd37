'use strict';
// ferripc beside ipcIO itself: `node scripts/originals/ipcio.js FOLDER…`, with folders of ipcIO's releases that can be
// loaded (their package uuid is in node_modules there, or above). Plays each case with the original at both ends, and at
// either end with ferripc's drivers at the other. Prints what held; `--keep` writes it to bench/results, too.
// `--rounds N`: bursts of each kind. `--driver`, `--role`: only those.

const { createHash } = require('node:crypto');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { commitName, environment } = require('../../bench/lib/machine');
const { table } = require('../../bench/lib/record');
const { play } = require('./ipcio-cases');

const RESULTS = path.join(__dirname, '..', '..', 'bench', 'results');
const DRIVERS = ['loop', 'tokio', 'js'];
const ROLES = ['both', 'server', 'client'];

/** What a folder holds. */
function describe(folder) {
  const { version, main } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const file = path.resolve(folder, main);
  const sha256 = createHash('sha256').update(fs.readFileSync(file)).digest('hex');
  return { version, file, sha256, commit: commitOf(folder) };
}

function commitOf(folder) {
  if (!fs.existsSync(path.join(folder, '.git'))) return null;
  return execFileSync('git', ['-C', folder, 'rev-parse', 'HEAD'], { encoding: 'utf8' }).trim();
}

const titleOf = ({ role, driver }) =>
  role === 'both' ? 'ipcIO at both ends' : `ipcIO’s ${role}, ${driver}`;

/** Cases that hold between two ends of ipcIO, and not with ferripc at one of them. */
function worse({ cases, columns }) {
  const both = columns.findIndex(({ role }) => role === 'both');
  return cases.filter(({ cells }) => cells[both]?.held && cells.some((it) => it && !it.held));
}

async function playAll(original, { roles, drivers, rounds }) {
  const columns = roles.flatMap((role) =>
    role === 'both' ? [{ role, driver: '' }] : drivers.map((driver) => ({ role, driver })),
  );
  const cases = [];
  for (const [at, column] of columns.entries()) {
    const note = (name, held, text) => {
      console.error(`${original.version}\t${titleOf(column)}\t${name}\t${held ? 'held' : text}`);
      let row = cases.find((it) => it.name === name);
      if (!row) cases.push((row = { name, cells: [] }));
      row.cells[at] = { held, text: text.slice(0, 300) };
    };
    await play({ original, ...column, rounds, note });
  }
  return { original, columns, cases };
}

const cellOf = ({ held, text } = {}) => {
  if (held === undefined) return '';
  if (/ whole, /.test(text)) return text;
  return held ? 'held' : 'no';
};

function markdown({ date, environment: env, rounds, seconds, results }) {
  const heads = results.map(({ original: { version, commit, sha256 } }) => {
    const from = commit === null ? '' : `commit ${commit.slice(0, 12)}, `;
    return `${version} (${from}SHA-256 of ipcio.js: ${sha256.slice(0, 16)}…)`;
  });
  const tables = results.flatMap((result) => [
    `## ipcIO ${result.original.version}`,
    '',
    table(
      ['case', ...result.columns.map(titleOf)],
      result.cases.map(({ name, cells }) => [
        name,
        ...result.columns.map((_, at) => cellOf(cells[at])),
      ]),
    ),
    '',
    `Held between two ends of ipcIO, and not with ferripc at one: ${
      worse(result)
        .map(({ name }) => name)
        .join('; ') || 'nothing'
    }.`,
    '',
  ]);
  return [
    `# ferripc beside ipcIO itself, ${date.slice(0, 10)}`,
    '',
    `${env.cores} cores of ${env.cpu}, ${env.os}, Node ${env.node}; commit ${commitName(env.commit)}; ${seconds} s. \`node scripts/originals/ipcio.js\`; scripts/originals/ipcio-cases.js says what each case is.`,
    '',
    `ipcIO ${heads.join(', ')}.`,
    '',
    `A column says which end is ipcIO, and which driver of ferripc is at the other. Bursts were sent ${rounds} times, those of long messages a third as often: how many rounds arrived whole and in order, and how many of the messages.`,
    '',
    ...tables,
  ].join('\n');
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      keep: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '15' },
      driver: { type: 'string', multiple: true, default: DRIVERS },
      role: { type: 'string', multiple: true, default: ROLES },
    },
  });
  if (positionals.length === 0) throw new Error('which folders hold ipcIO?');
  const [rounds, started, date] = [Number(values.rounds), Date.now(), new Date().toISOString()];
  const where = environment();
  const results = [];
  for (const original of positionals.map(describe)) {
    results.push(await playAll(original, { roles: values.role, drivers: values.driver, rounds }));
  }
  const seconds = Math.round((Date.now() - started) / 1000);
  const text = markdown({ date, environment: where, rounds, seconds, results });
  console.log(text);
  if (values.keep) {
    fs.writeFileSync(path.join(RESULTS, `${date.slice(0, 10)}-ipcio-originals.md`), text);
  }
  process.exitCode = results.some((it) => worse(it).length > 0) ? 1 : 0;
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 2;
});

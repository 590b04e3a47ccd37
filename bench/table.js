'use strict';

// The table of docs/performance.md, from one or two records: ferripc beside the best of the others, and beside the
// package that most programs come from. A second record, of another Node, adds a column.
//
//   node bench/table.js bench/results/<name>.json [bench/results/<other>.json]

const fs = require('fs');
const {
  LAYOUTS,
  best,
  markdownTable,
  number,
  range,
  rows,
  times,
  timesBetter,
} = require('./lib/report.js');
const { SUBJECT } = require('./peers/index.js');
const { workloads } = require('./workloads/index.js');

/** The package that ferripc is compared with in every row. */
const PREDECESSOR = 'achrinza';

/** The rows of a record, by title. */
function rowsOf({ options, samples }) {
  const cases = workloads.flatMap((workload) =>
    Object.keys(LAYOUTS)
      .filter((mode) => samples.some((s) => s.workload === workload.name && s.mode === mode))
      .map((mode) => ({ workload, mode })),
  );
  return new Map(rows(cases, samples, options.peers).map((row) => [row.title, row]));
}

/** `×N` of the subject over `peer`, or a dash. */
function over({ cells, metric }, peer) {
  const [own, other] = [cells[SUBJECT].summary, cells[peer]?.summary];
  return own && other ? times(timesBetter(own.median, other.median, metric.better)) : '–';
}

function line(row, second) {
  const { title, metric, cells } = row;
  const peers = Object.keys(cells);
  const found = best(row, SUBJECT, peers);
  const elsewhere = second && best(second, SUBJECT, Object.keys(second.cells));
  return [
    `${title}, ${metric.unit}`,
    range(cells[SUBJECT].summary),
    found ? `${number(cells[found.peer].summary.median)} (${found.peer})` : '–',
    found ? times(found.ratio) : '–',
    over(row, PREDECESSOR),
    ...(second === undefined
      ? []
      : [elsewhere ? `${times(elsewhere.ratio)} (${elsewhere.peer})` : '–']),
  ];
}

const [file, otherFile] = process.argv.slice(2);
const record = JSON.parse(fs.readFileSync(file, 'utf8'));
const other = otherFile && JSON.parse(fs.readFileSync(otherFile, 'utf8'));
const others = other && rowsOf(other);
const header = ['workload', 'ferripc', 'best other', 'times better', 'than `@achrinza` 10'];
if (other) header.push(`Node ${other.environment.node.slice(1).split('.')[0]}`);
const body = [...rowsOf(record).values()]
  .filter(({ cells }) => cells[SUBJECT].summary)
  .map((row) => line(row, others && (others.get(row.title) ?? { cells: {} })));
console.log(markdownTable(header, body).join('\n'));

'use strict';
// The numbers of the README and of docs/performance.md are those of the record that their chart was drawn from, and those
// of message queues and AppView are those of the record that their page links to.

const fs = require('node:fs');
const path = require('node:path');
const { root, tableRows } = require('./markdown');

/** A row of the README, and that of the record. */
const ROWS = {
  'round trip, one core, median': 'Round trip, 1 in flight, 100 B, one core: p50',
  'round trip, two cores, median': 'Round trip, 1 in flight, 100 B, free: p50',
  'messages per second, one way': 'One way, 100 B, free: throughput',
  'a string of 32 MB': 'One string of 32 MB, free: time',
};

const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');
const recordOf = (file) =>
  `${/bench\/results\/[\w-]+-node\d+(?=-latency\.svg)/.exec(read(file))[0]}.md`;
const numberOf = (cell) => Number(/[\d,.]*\d/.exec(cell)[0].replaceAll(',', ''));

test('README: each row is in the record, and its "best other" is the best', () => {
  const record = recordOf('README.md');
  const measured = new Map(tableRows(record).map(({ cells }) => [cells[0], cells.slice(1)]));
  const shown = tableRows('README.md').filter(({ cells }) => cells[0] in ROWS);
  expect(shown.map(({ cells }) => cells[0])).toEqual(Object.keys(ROWS));
  for (const { cells } of shown) {
    const [unit, ...peers] = measured.get(ROWS[cells[0]]);
    const scale = unit.startsWith('k ') ? 1000 : 1;
    const values = peers.slice(0, 6).map((cell) => numberOf(cell) * scale);
    const best = unit.endsWith('lower') ? Math.min : Math.max;
    const expected = [values[0], values[1], best(...values.slice(1))];
    expect([cells[0], ...cells.slice(1).map(numberOf)]).toEqual([cells[0], ...expected]);
  }
});

test('docs/performance.md: every median of the large table is in the record', () => {
  const record = read(recordOf('docs/performance.md'));
  const rows = tableRows('docs/performance.md');
  const head = rows.findIndex(({ cells }) => cells[2] === 'best other');
  const table = rows.slice(head + 1).filter(({ cells }) => cells.length === 6);
  expect(table.length).toBeGreaterThan(20);
  for (const { line, cells } of table) {
    expect([line, cells[1], record.includes(cells[1])]).toEqual([line, cells[1], true]);
    const [other] = cells[2].split(' (');
    expect([line, other, record.includes(other)]).toEqual([line, other, true]);
  }
});

test('docs/performance.md: the table of jobs is that of its record', () => {
  const jobs = (file) =>
    tableRows(file)
      .map(({ cells }) => cells)
      .filter(([job]) => job === 'small' || job === 'large');
  const [, record] = /\[Every sample\]\(\.\.\/(bench\/results\/[\w-]+-ipc2-[\w-]+\.md)\)/.exec(
    read('docs/performance.md'),
  );
  expect(jobs('docs/performance.md')).toEqual(jobs(record));
});

/** The rows of a table with these names in its first column: `Map` from the name to the other cells. */
const rowsOf = (file, names) =>
  new Map(
    tableRows(file)
      .filter(({ cells }) => names.includes(cells[0]))
      .map(({ cells }) => [cells[0], cells.slice(1)]),
  );

const linkedRecord = (file, kind) =>
  new RegExp(`bench/results/[\\d-]+-${kind}-[\\w-]+\\.md`).exec(read(file))[0];

test('docs/mqueue.md: its table is that of the record', () => {
  const names = ['Unix socket of ferripc', 'message queue'];
  const record = rowsOf(linkedRecord('docs/mqueue.md', 'queues'), names);
  expect([...record.keys()].sort()).toEqual(names);
  expect(rowsOf('docs/mqueue.md', names)).toEqual(record);
});

test('docs/appview.md: how soon it answers is in the record', () => {
  const names = { 'is told by the system': 'told', 'looks every millisecond': 'looks' };
  const record = rowsOf(linkedRecord('docs/appview.md', 'appview'), Object.values(names));
  const shown = rowsOf('docs/appview.md', Object.keys(names));
  expect([...shown.keys()]).toEqual(Object.keys(names));
  for (const [name, cells] of shown) {
    const [requests, p50, , , most, within, idle] = record.get(names[name]).map(numberOf);
    expect([name, ...cells.map(numberOf)]).toEqual([name, requests, p50, within, most, idle]);
  }
});

'use strict';

// The table and the record of a benchmark that has a program of its own. Used by ipc2.js, queues.js and
// __test__/fuzz/wire/record.js, among others.

const fs = require('fs');
const path = require('path');
const { machineSlug } = require('./machine.js');
const { summary } = require('./stats.js');

const REPOSITORY = path.join(__dirname, '..', '..');
const RESULTS = path.join(__dirname, '..', 'results');

const digits = (value) => (value < 100 ? value.toFixed(1) : Math.round(value).toString());

/** What a column says of samples: the median, the smallest and the largest. */
function cell(samples, key) {
  const { median, min, max } = summary(samples.map((sample) => sample[key]));
  return `${digits(median)} (${digits(min)}–${digits(max)})`;
}

/** A table in Markdown, of lists of cells. */
function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** bench/results/<date>-<name>-<machine>-node<major>; without all, `-partial`. */
function fileOf(name, date, isFull) {
  const node = `node${process.versions.node.split('.')[0]}`;
  const rest = `${name}-${machineSlug()}-${node}${isFull ? '' : '-partial'}`;
  return path.join(RESULTS, `${date.slice(0, 10)}-${rest}`);
}

/** Writes the file of {@link fileOf} as .json, and `text` as .md. */
function save(name, result, text, isFull) {
  const file = fileOf(name, result.date, isFull);
  fs.writeFileSync(`${file}.json`, `${JSON.stringify(result, null, 1)}\n`);
  fs.writeFileSync(`${file}.md`, text);
  console.error(`\nwritten: ${path.relative(REPOSITORY, file)}.{json,md}`);
}

module.exports = { cell, fileOf, save, table };

'use strict';

// The table and the record of a benchmark that has a program of its own. Used by ipc2.js and queues.js.

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

/** Writes bench/results/<date>-<name>-<machine>-node<major>.json, and `text` as .md; without all, `-partial`. */
function save(name, result, text, isFull) {
  const node = `node${process.versions.node.split('.')[0]}`;
  const rest = `${name}-${machineSlug()}-${node}${isFull ? '' : '-partial'}`;
  const file = path.join(RESULTS, `${result.date.slice(0, 10)}-${rest}`);
  fs.writeFileSync(`${file}.json`, `${JSON.stringify(result, null, 1)}\n`);
  fs.writeFileSync(`${file}.md`, text);
  console.error(`\nwritten: ${path.relative(REPOSITORY, file)}.{json,md}`);
}

module.exports = { cell, save, table };

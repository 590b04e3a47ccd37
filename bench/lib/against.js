'use strict';

// Two builds side by side, `npm run bench -- --against <folder>`: from samples to ratios. Used by run.js.
//
// In each round both builds are measured at the same time, in turns of 20 ms (turns.js), so that what else the machine
// does falls on both alike. Each such pair gives one ratio. The table has the median of the ratios and an interval
// that holds the true median with a probability of at least 95 %, whatever the distribution: from the k-th
// smallest to the k-th largest ratio, by the binomial distribution. With seven pairs these are the
// smallest and the largest. An interval on one side of ×1.00 is a difference; one that holds ×1.00 shows how
// large a difference may have been overlooked.

const { LAYOUTS, markdownTable, number, times, timesBetter } = require('./report.js');
const { median } = require('./stats.js');

const CONFIDENCE = 0.95;

/** Besides a workload's own metrics, where its samples have the numbers: less noise than the time has. */
const CPU_OF_BOTH = {
  key: 'cpuOfBoth',
  title: 'CPU of both processes',
  unit: 'µs',
  better: 'lower',
};

function valueOf({ values }, key) {
  return key === CPU_OF_BOTH.key ? values.cpu + values.serverCpu : values[key];
}

/** How many of the smallest and of the largest of `n` values lie outside of the interval. */
function outside(n) {
  let probability = 2 ** -n; // of no value below the true median
  let below = probability;
  let k = 0;
  while (2 * below <= 1 - CONFIDENCE) {
    probability *= (n - k) / (k + 1);
    below += probability;
    k++;
  }
  return k - 1; // -1: too few values for any
}

/** @returns {{ratio: number, low: number, high: number, pairs: number}} */
function interval(values) {
  const sorted = Float64Array.from(values).sort();
  const out = Math.max(0, outside(sorted.length));
  return {
    ratio: median(sorted),
    low: sorted[out],
    high: sorted[sorted.length - 1 - out],
    pairs: sorted.length,
  };
}

/** Samples of one workload and layout in pairs, by round; a pair of which one failed is left out. */
function pairsOf(samples, subject, other) {
  const ok = samples.filter((sample) => sample.status === 'ok');
  return ok
    .filter((sample) => sample.peer === subject)
    .map((own) => [own, ok.find((it) => it.peer === other && it.round === own.round)])
    .filter(([, its]) => its !== undefined);
}

/**
 * One row per workload, layout and metric, with how many times better `subject` is than `other`.
 * @returns {{workload, mode, title, unit, better, own, other, ratio, low, high, pairs}[]}
 */
function ratios({ cases, samples, subject, other }) {
  return cases.flatMap(({ workload, mode }) => {
    const its = samples.filter((s) => s.workload === workload.name && s.mode === mode);
    const pairs = pairsOf(its, subject, other);
    const metrics = [...workload.metrics, CPU_OF_BOTH].filter(
      ({ key }) => pairs.length > 0 && Number.isFinite(valueOf(pairs[0][0], key)),
    );
    return metrics.map(({ key, title, unit, better }) => ({
      workload: workload.name,
      mode,
      title: `${workload.title}, ${LAYOUTS[mode]}: ${title}`,
      unit,
      better,
      own: median(pairs.map(([own]) => valueOf(own, key))),
      other: median(pairs.map(([, it]) => valueOf(it, key))),
      ...interval(
        pairs.map(([own, it]) => timesBetter(valueOf(own, key), valueOf(it, key), better)),
      ),
    }));
  });
}

function verdict({ low, high }) {
  if (low > 1) return 'better';
  if (high < 1) return '**worse**';
  return 'no difference seen';
}

/** @returns {string} a markdown table, and how to read it */
function pairedReport(rows) {
  const header = ['workload', 'unit, better is', 'this tree', 'the other', 'ratio (interval)', ''];
  const body = rows.map((row) => [
    row.title,
    `${row.unit}, ${row.better}`,
    number(row.own),
    number(row.other),
    `${times(row.ratio)} (${times(row.low)}–${times(row.high)})`,
    verdict(row),
  ]);
  const pairs = Math.min(...rows.map((row) => row.pairs));
  return [
    ...markdownTable(header, body),
    '',
    `Medians of ${pairs} pairs of samples or more, and the median of the pairs' ratios with its ${100 * CONFIDENCE} % interval:`,
    'above ×1.00 this tree is better, whichever direction is the better one.',
  ].join('\n');
}

module.exports = { interval, pairedReport, ratios };

'use strict';

// From samples to the table that a reader sees: on the terminal and as a markdown file. Used by run.js.

const { summary } = require('./stats.js');

/** What the tables call the processor layouts. */
const LAYOUTS = { pinned: 'one core', apart: 'two cores', free: 'free' };

/** Three significant digits, thousands with a comma. */
function number(value) {
  if (value >= 100) {
    return Math.round(value).toLocaleString('en-US');
  }
  return value.toFixed(value >= 10 ? 1 : 2);
}

function range({ median, min, max, samples }) {
  return samples === 1 ? number(median) : `${number(median)} (${number(min)}–${number(max)})`;
}

/** How many times better the subject is than `other`; below 1 it is worse. */
function timesBetter(subject, other, better) {
  return better === 'lower' ? other / subject : subject / other;
}

function times(ratio) {
  return `×${ratio.toFixed(ratio >= 100 ? 0 : 2)}`;
}

/** One row per workload, mode and metric: { group, title, metric, cells: { peer: cell } }. */
function rows(cases, samples, peers) {
  return cases.flatMap(({ workload, mode }) =>
    workload.metrics.map((metric) => {
      const cells = {};
      for (const peer of peers) {
        const own = samples.filter(
          (s) => s.workload === workload.name && s.mode === mode && s.peer === peer,
        );
        const values = own.filter((s) => s.status === 'ok').map((s) => s.values[metric.key]);
        cells[peer] = {
          summary: values.length > 0 ? summary(values) : undefined,
          taken: own.filter((s) => s.status !== 'skipped').length,
          failed: own.filter((s) => s.status === 'failed').length,
          timeLimits: own.filter((s) => s.status === 'time limit').length,
          skipped: own.find((s) => s.status === 'skipped')?.reason,
          timeLimitMs: workload.timeLimitMs,
        };
      }
      const group = `${workload.title}, ${LAYOUTS[mode]}`;
      return { group, title: `${group}: ${metric.title}`, metric, cells };
    }),
  );
}

function cellText(cell, subjectCell, metric) {
  const parts = [];
  if (cell.summary) {
    parts.push(range(cell.summary));
    if (subjectCell && subjectCell !== cell && subjectCell.summary) {
      parts.push(
        times(timesBetter(subjectCell.summary.median, cell.summary.median, metric.better)),
      );
    }
  }
  if (cell.timeLimits > 0) {
    const what = cell.summary ? `, ${cell.timeLimits} of ${cell.taken}` : '';
    parts.push(`over ${cell.timeLimitMs / 1000} s${what}`);
  }
  if (cell.failed > 0) {
    parts.push(`**${cell.failed} of ${cell.taken} failed**`);
  }
  if (parts.length === 0) {
    parts.push(cell.skipped ? 'skipped' : '–');
  }
  return parts.join(' ');
}

/** The best of the peers `among` but the subject, and how many times better the subject is. */
function best({ metric, cells }, subject, among) {
  const others = among.filter((peer) => peer !== subject && cells[peer]?.summary);
  if (others.length === 0 || !cells[subject]?.summary) {
    return undefined;
  }
  const own = cells[subject].summary.median;
  return others
    .map((peer) => ({ peer, ratio: timesBetter(own, cells[peer].summary.median, metric.better) }))
    .reduce((a, b) => (b.ratio < a.ratio ? b : a));
}

/** The best of the other peers and what the subject is against it. */
function bestText(row, subject, peers) {
  const found = best(row, subject, peers);
  if (!found) {
    return '–';
  }
  const text = `${times(found.ratio)} (${found.peer})`;
  return found.ratio < 1 ? `**${text}, loses**` : text;
}

function targetText(row, subject, peers) {
  const { target, over = peers } = row.metric;
  const found = target && best(row, subject, over);
  if (!found) {
    return '–';
  }
  const outcome = found.ratio >= target ? 'met' : `**missed**: ${times(found.ratio)}`;
  return `${times(target)} over ${found.peer} ${outcome}`;
}

/** For a workload with a reference: the value itself, and how close each peer comes to it. */
function referenceNotes(cases, samples, peers) {
  return cases
    .filter(({ workload }) => workload.reference)
    .flatMap(({ workload, mode }) => {
      const { key, of, title } = workload.reference;
      const own = samples.filter(
        (s) => s.workload === workload.name && s.mode === mode && s.status === 'ok',
      );
      if (own.length === 0) {
        return [];
      }
      const { unit } = workload.metrics.find((metric) => metric.key === of);
      const reference = summary(own.map((s) => s.values[key]));
      const factors = peers
        .map((peer) => ({ peer, values: own.filter((s) => s.peer === peer) }))
        .filter(({ values }) => values.length > 0)
        .map(({ peer, values }) => {
          const { median } = summary(values.map((s) => s.values[of]));
          return `${peer} ${times(median / reference.median)}`;
        });
      const line = `${workload.title}: ${title} takes ${range(reference)} ${unit}`;
      return ['', `* ${line}; within ${factors.join(', ')} of it`];
    });
}

function markdownTable(header, body) {
  const widths = header.map((_, i) => Math.max(...[header, ...body].map((row) => row[i].length)));
  const line = (row) => `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
  return [line(header), `|${widths.map((w) => '-'.repeat(w + 2)).join('|')}|`, ...body.map(line)];
}

/** @returns {string} the table and how to read it, as markdown that is readable as it is */
function report({ cases, samples, peers, subject, titles }) {
  const all = rows(cases, samples, peers);
  const compared = peers.includes(subject) && peers.length > 1;
  const header = ['workload', 'unit, better is', ...peers.map((peer) => titles[peer])];
  const body = all.map((row) => [
    row.title,
    `${row.metric.unit}, ${row.metric.better}`,
    ...peers.map((peer) => cellText(row.cells[peer], row.cells[subject], row.metric)),
  ]);
  if (compared) {
    header.push(`${subject} against the best of the others`, 'target');
    all.forEach((row, i) =>
      body[i].push(bestText(row, subject, peers), targetText(row, subject, peers)),
    );
  }

  const notes = ['', 'Median of the samples (smallest–largest).'];
  if (compared) {
    notes.push(
      `×N says how many times better ${subject} is, whichever direction is the better one:`,
      `above ×1.00 ${subject} wins, below ×1.00 it loses. – : the peer cannot do it.`,
    );
  }
  notes.push(...referenceNotes(cases, samples, peers));
  const reasons = samples.filter((s) => s.reason);
  for (const reason of new Set(reasons.map((s) => `${s.peer}, ${s.workload}: ${s.reason}`))) {
    notes.push('', `* ${reason}`);
  }
  return [...markdownTable(header, body), ...notes].join('\n');
}

/** All that was measured, one sample per line so that a difference between two runs is readable. */
function jsonFile({ date, options, environment, versions, load, ratios, samples }) {
  const head = JSON.stringify({ date, options, environment, versions, load, ratios }, null, 2);
  const lines = samples.map((sample) => `    ${JSON.stringify(sample)}`);
  return `${head.slice(0, -2)},\n  "samples": [\n${lines.join(',\n')}\n  ]\n}\n`;
}

function markdownFile({ date, options, environment, versions, load, table }) {
  const { commit } = environment;
  const state = commit.modified ? ', modified' : '';
  const switches = Object.entries(environment.switches).map(([key, value]) => `${key}=${value}`);
  return [
    `# Benchmark of ${date}`,
    '',
    `* ${environment.cpu}, ${environment.cores} cores, ${environment.memoryGb} GB; ${environment.os}`,
    `* Node ${environment.node}, V8 ${environment.v8}, libuv ${environment.uv}`,
    `* ${Object.entries(versions)
      .map(([peer, version]) => `${peer} ${version}`)
      .join(', ')}`,
    `* commit ${commit.hash}${state}; ${options.rounds} rounds${options.quick ? ', quick' : ''}${options.busy ? `, ${options.busy} busy processes for each core` : ''}`,
    `* load average before ${load.before.toFixed(2)}, after ${load.after.toFixed(2)}`,
    ...(switches.length > 0 ? [`* ${switches.join(', ')}`] : []),
    '',
    table,
    '',
    'Every sample is in the JSON file of the same name. Written by `npm run bench`.',
    '',
  ].join('\n');
}

module.exports = {
  LAYOUTS,
  report,
  best,
  range,
  rows,
  timesBetter,
  number,
  times,
  markdownTable,
  jsonFile,
  markdownFile,
};

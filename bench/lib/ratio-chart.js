'use strict';

// A picture of the whole table: how many times better ferripc is than each other peer in each row. Used
// by ../charts.js.

const {
  GREY,
  INK,
  WIDTH,
  axis,
  legend,
  line,
  looks,
  mark,
  marksAt,
  picture,
  text,
} = require('./drawing.js');
const { rows, times, timesBetter } = require('./report.js');
const { SUBJECT } = require('../peers/index.js');
const { workloads } = require('../workloads/index.js');

const ROW = 26;
const LEFT = 306;
const COLUMN = 68;
const TOP = 156;

/** The workloads and layouts of the result, in the order of the samples. */
function casesOf(samples) {
  const cases = new Map();
  for (const { workload: name, mode } of samples) {
    const workload = workloads.find((w) => w.name === name);
    if (workload) {
      cases.set(`${name} ${mode}`, { workload, mode });
    }
  }
  return [...cases.values()];
}

/** One line per row; one more above the rows of a workload with several metrics. */
function layOut(all) {
  const lines = [];
  for (const row of all) {
    const several = all.filter((other) => other.group === row.group).length > 1;
    const first = row.group !== lines.at(-1)?.group;
    if (several && first) {
      lines.push({ group: row.group, label: row.group, first });
    }
    const label = several ? row.metric.title : `${row.group}: ${row.metric.title}`;
    lines.push({ ...row, label, indent: several, first: first && !several });
  }
  return lines;
}

const overlap = (a, b) => a.min <= b.max && b.min <= a.max;

/** A peer's marks, none in a row that lacks one of the two: { i, ratio, tie }, `i` being the line. */
function pointsOf(peer, lines) {
  return lines.flatMap(({ metric, cells }, i) => {
    const [own, other] = [cells?.[SUBJECT]?.summary, cells?.[peer]?.summary];
    const ratio = own && other ? timesBetter(own.median, other.median, metric.better) : NaN;
    return Number.isFinite(ratio) && ratio > 0 ? [{ i, ratio, tie: overlap(own, other) }] : [];
  });
}

const middle = (i) => TOP + ROW * (i + 0.5);

/** What each line is, and a rule above the first one of each workload. */
function labels(lines) {
  return lines.flatMap(({ label, indent, first }, i) => {
    const style = { fill: indent ? GREY : INK, width: LEFT - 50, overflow: 'truncate' };
    const top = middle(i) - ROW / 2;
    return [
      text(indent ? 40 : 24, middle(i), label, style),
      ...(first ? [line(24, top, WIDTH - 24, top)] : []),
    ];
  });
}

/** A peer's column of numbers, which ends at `x`; grey if the difference does not count. */
function numbers({ peer, color, points }, lines, x) {
  const cells = lines.flatMap((row, i) => {
    const point = points.find((one) => one.i === i);
    const fill = point && !point.tie ? color : GREY;
    const content = point ? times(point.ratio) : '–';
    return row.cells ? [text(x, middle(i), content, { fill, align: 'right' })] : [];
  });
  return [text(x, TOP - 12, peer, { fill: color, align: 'right', fontSize: 10 }), ...cells];
}

/** A peer's marks in the plot: each peer at a height of its own, so that equal ones are all seen. */
function series({ peer, color, symbol, points }, p, count) {
  const shift = (0.36 * (p - (count - 1) / 2)) / Math.max(1, count - 1);
  return {
    name: peer,
    type: 'scatter',
    silent: true,
    symbol,
    symbolSize: 10,
    data: points.map(({ i, ratio, tie }) => ({
      value: [ratio, i + 0.5 + shift],
      itemStyle: {
        color: tie ? '#ffffff' : color,
        opacity: 1,
        borderColor: color,
        borderWidth: 1.5,
      },
    })),
  };
}

/** The line at ×1 and, before it, the region where the others are better. */
function unity(from) {
  return {
    type: 'scatter',
    data: [],
    markLine: {
      silent: true,
      symbol: 'none',
      label: { show: false },
      lineStyle: { color: INK, width: 1.5, type: 'solid' },
      data: [{ xAxis: 1 }],
    },
    markArea: {
      silent: true,
      itemStyle: { color: '#f3f4f6' },
      data: [[{ xAxis: from }, { xAxis: 1 }]],
    },
  };
}

/** @returns {string} SVG: the rows of the table, with a mark for each peer but ferripc */
function ratioChart(result) {
  const { samples, options } = result;
  const lines = layOut(rows(casesOf(samples), samples, options.peers));
  const peers = looks(result)
    .filter(({ peer }) => peer !== SUBJECT)
    .map((look) => ({ ...look, points: pointsOf(look.peer, lines) }));

  const right = 24 + COLUMN * peers.length;
  const plot = {
    left: LEFT,
    width: WIDTH - LEFT - right - 12,
    top: TOP,
    height: ROW * lines.length,
  };
  const height = TOP + plot.height + 72;
  const columnEnd = (p) => WIDTH - right + COLUMN * (p + 1);

  const ratios = peers.flatMap(({ points }) => points.map(({ ratio }) => ratio));
  const scale = axis([0.5, 2, ...ratios], (value) => `×${value}`);
  const unityX = LEFT + (plot.width * Math.log2(1 / scale.min)) / Math.log2(scale.max / scale.min);

  const key = legend(peers, 86);
  const heads = peers.map(({ color, symbol }, p) =>
    mark(symbol, columnEnd(p) - 6, TOP - 30, color),
  );
  const marks = marksAt([...key.marks, ...heads], height);
  const hollow =
    'Hollow mark, grey number: the ranges of the samples overlap, so there is no difference.';

  return picture(`How many times better ${SUBJECT} is`, height, result, {
    graphic: [
      ...key.texts,
      ...labels(lines),
      ...peers.flatMap((peer, p) => numbers(peer, lines, columnEnd(p))),
      text(unityX - 10, TOP - 12, '← the other is better', { fill: GREY, align: 'right' }),
      text(unityX + 10, TOP - 12, `${SUBJECT} is better →`, { fill: GREY }),
      text(24, height - 22, hollow, { fill: GREY }),
    ],
    grid: [plot, marks.grid],
    xAxis: [scale, marks.xAxis],
    yAxis: [{ type: 'value', inverse: true, min: 0, max: lines.length, show: false }, marks.yAxis],
    series: [
      unity(scale.min),
      ...peers.map((peer, p) => series(peer, p, peers.length)),
      marks.series,
    ],
  });
}

module.exports = { ratioChart };

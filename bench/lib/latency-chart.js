'use strict';

// A picture of the round trips (workload `pingpong`): how long they take with each peer, from the
// fastest hundredth to the slowest thousandth. Used by ../charts.js.

const { GREY, INK, WIDTH, axis, line, looks, picture, text } = require('./drawing.js');
const { number } = require('./report.js');
const { median } = require('./stats.js');

/** What a sample has to have, in µs, under `values.percentiles`. */
const PERCENTILES = [1, 5, 25, 50, 75, 95, 99, 99.9];

/** The parts of a bar; each covers the round trips between two percentiles. */
const PARTS = [
  { from: 1, to: 99.9, height: 2, opacity: 0.6 },
  { from: 5, to: 95, height: 8, opacity: 0.4 },
  { from: 25, to: 75, height: 16, opacity: 1 },
];

/** Marks across a bar: the reach above and below its middle. */
const TICKS = [
  { at: 1, reach: 4 },
  { at: 99, reach: 8 },
  { at: 99.9, reach: 4 },
  { at: 50, reach: 12, stroke: INK },
];

/** The percentiles that are also written out. */
const COLUMNS = { 50: 'p50', 99: 'p99', 99.9: 'p99.9' };

const LAYOUTS = {
  pinned: 'Both processes on one core',
  free: 'Free: the system places the processes',
};

const ROW = 32;
const LEFT = 250;
const COLUMN = 72;
const TOP = 88;
const PLOT = WIDTH - LEFT - 24 - 3 * COLUMN - 12;

/** The median over a peer's samples of each percentile; undefined where there are none. */
function distribution(samples, peer, mode) {
  const own = samples.filter(
    (s) => s.workload === 'pingpong' && s.mode === mode && s.peer === peer && s.values?.percentiles,
  );
  return own.length === 0
    ? undefined
    : PERCENTILES.map((percentile) => median(own.map((s) => s.values.percentiles[percentile])));
}

/** Shapes of a bar; `xOf` says where a percentile is. */
function bar(color, xOf, y) {
  const parts = PARTS.map(({ from, to, height, opacity }) => ({
    type: 'rect',
    shape: { x: xOf(from), y: y - height / 2, width: xOf(to) - xOf(from), height },
    style: { fill: color, opacity },
  }));
  const ticks = TICKS.map(({ at, reach, stroke = color }) =>
    line(xOf(at), y - reach, xOf(at), y + reach, { stroke, lineWidth: 2 }),
  );
  return [...parts, ...ticks];
}

/** A bar that explains the others. */
function key(y) {
  const places = [0, 40, 90, 140, 200, 290, 350, 400].map((x) => LEFT + x);
  const xOf = (percentile) => places[PERCENTILES.indexOf(percentile)];
  const labels = PERCENTILES.map((percentile) =>
    text(xOf(percentile), y + 22, percentile === 50 ? 'median' : `p${percentile}`, {
      fill: GREY,
      align: 'center',
      fontSize: 11,
    }),
  );
  const says = text(24, y, 'pN: N % are faster', { fill: GREY });
  return [says, ...bar(GREY, xOf, y), ...labels];
}

/** @returns {string | undefined} SVG; nothing when the result has no percentiles */
function latencyChart(result) {
  const peers = looks(result);
  const lines = Object.entries(LAYOUTS).flatMap(([mode, title]) => {
    const bars = peers.flatMap((look) => {
      const values = distribution(result.samples, look.peer, mode);
      return values ? [{ ...look, values }] : [];
    });
    return bars.length > 0 ? [{ title }, ...bars] : [];
  });
  if (lines.length === 0) {
    return undefined;
  }

  const bottom = TOP + ROW * lines.length;
  const yOf = (i) => TOP + ROW * (i + 0.5);
  const scale = axis(
    lines.flatMap(({ values }) => values ?? []),
    (value) => `${value.toLocaleString('en-US')} µs`,
  );
  const columns = Object.entries(COLUMNS).map(([percentile, name], i) => ({
    name,
    index: PERCENTILES.indexOf(Number(percentile)),
    x: WIDTH - 24 - COLUMN * (2 - i),
  }));

  const texts = lines.flatMap(({ title, version, color, values }, i) => {
    if (!values) {
      const rule = line(24, yOf(i) - ROW / 2, WIDTH - 24, yOf(i) - ROW / 2);
      return [...(i > 0 ? [rule] : []), text(24, yOf(i), title, { fontWeight: 600 })];
    }
    return [
      text(24, yOf(i), `${title} ${version}`, { fill: color }),
      ...columns.map(({ index, x }) =>
        text(x, yOf(i), number(values[index]), { fill: color, align: 'right' }),
      ),
    ];
  });
  const heads = columns.map(({ name, x }) =>
    text(x, yOf(0), `${name}, µs`, { fill: GREY, align: 'right' }),
  );

  const drawBar = ({ dataIndex }, api) => {
    const xOf = (percentile) => api.coord([api.value(PERCENTILES.indexOf(percentile) + 1), 0])[0];
    return { type: 'group', children: bar(drawn[dataIndex].color, xOf, yOf(drawn[dataIndex].i)) };
  };
  const drawn = lines.map((row, i) => ({ ...row, i })).filter(({ values }) => values);

  return picture('Round trip of a message of 100 bytes', bottom + 96, result, {
    graphic: [...texts, ...heads, ...key(bottom + 58)],
    grid: { left: LEFT, width: PLOT, top: TOP, height: ROW * lines.length },
    xAxis: scale,
    yAxis: { type: 'value', inverse: true, min: 0, max: lines.length, show: false },
    series: {
      type: 'custom',
      silent: true,
      renderItem: drawBar,
      encode: { x: PERCENTILES.map((_, i) => i + 1), y: 0 },
      data: drawn.map(({ i, values }) => [i + 0.5, ...values]),
    },
  });
}

module.exports = { latencyChart };

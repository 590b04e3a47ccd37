'use strict';
// The picture of a soak: memory, descriptors and messages over time. Used by run.js.

const { GREY, INK, WIDTH, line, picture, text } = require('../lib/drawing.js');

const COLORS = { server: '#c8410b', clients: '#0072b2' };
const LEFT = 90;
const PANEL = 150;
const TOP = 110;
const GAP = 70;

const MB = 2 ** 20;

/** Title and `[series, value of a sample, index, samples]` of each panel. */
const PANELS = [
  ['Resident memory, MB', ({ rss }) => Math.round(rss / MB)],
  ['Descriptors', ({ fds }) => fds],
  [
    'Messages received, thousands a second',
    ({ messages, t }, before) =>
      before && Math.max(0, (messages - before.messages) / (t - before.t) / 1000),
  ],
];

/** @returns {string} SVG */
function soakChart(result) {
  const sides = Object.keys(COLORS);
  const [grid, xAxis, yAxis, series] = [[], [], [], []];
  const graphic = [];
  const last = Math.max(...sides.flatMap((side) => result.samples[side].map(({ t }) => t)));
  PANELS.forEach(([title, valueOf], i) => {
    const top = TOP + i * (PANEL + GAP);
    grid.push({ left: LEFT, top, width: WIDTH - LEFT - 30, height: PANEL });
    const label = { color: GREY, fontSize: 12 };
    xAxis.push({
      type: 'value',
      gridIndex: i,
      min: 0,
      max: last,
      axisLabel: { ...label, formatter: '{value} s' },
      splitLine: { show: false },
    });
    yAxis.push({
      type: 'value',
      gridIndex: i,
      min: 0,
      axisLabel: label,
      splitLine: { lineStyle: { color: '#e8ebef' } },
    });
    graphic.push(text(24, top - 18, title, { fill: INK, fontWeight: 600 }));
    for (const side of sides) {
      const samples = result.samples[side];
      const data = samples.map((sample, at) => [
        sample.t,
        valueOf(sample, samples[at - 1]) ?? null,
      ]);
      const style = {
        lineStyle: { color: COLORS[side], width: 1.5 },
        showSymbol: false,
        silent: true,
      };
      series.push({ type: 'line', xAxisIndex: i, yAxisIndex: i, data, ...style });
    }
  });
  let x = 24;
  for (const side of sides) {
    const name =
      side === 'server'
        ? 'server'
        : `${result.options.clients.toLocaleString('en-US')} clients in ${result.options.processes} processes, together`;
    graphic.push(
      line(x, 78, x + 20, 78, { stroke: COLORS[side], lineWidth: 2 }),
      text(x + 26, 78, name),
    );
    x += 120;
  }
  const height = TOP + PANELS.length * (PANEL + GAP) - 20;
  const { date, environment, options } = result;
  const where = `${date.slice(0, 10)} \u00b7 ${environment.cpu}, ${environment.cores} cores \u00b7 Node ${environment.node.replace(/^v/, '')} \u00b7 ${options.transport}${options.tls ? ' with TLS' : ''}, ${options.driver} driver`;
  return picture('Soak', height, { where }, { grid, xAxis, yAxis, series, graphic });
}

module.exports = { soakChart };

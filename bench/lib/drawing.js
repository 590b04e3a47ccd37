'use strict';

// What all charts of a result are made of. Used by ratio-chart.js, latency-chart.js and growth-chart.js.
//
// Drawn by ECharts as SVG text, without a browser. The same result gives the same bytes. Sizes are in
// pixels and known beforehand, so the numbers beside a plot are texts at places computed by the charts.

const echarts = require('echarts');
const { loadPeer, SUBJECT } = require('../peers/index.js');

const WIDTH = 1000;
const FONT = "-apple-system, 'Segoe UI', Helvetica, Arial, sans-serif";
const INK = '#1f2328';
const GREY = '#656d76';
const LINE = '#d8dee4';

/** Ferripc's, and those of the others in their order: told apart by colour-blind readers, too. */
const SUBJECT_COLOR = '#c8410b';
const COLORS = ['#0072b2', '#009e73', '#a6569b', '#b07d00', '#0093b3', '#4d4d4d'];
const SYMBOLS = ['circle', 'diamond', 'triangle', 'rect', 'roundRect', 'arrow'];

/** Name, version and look of each peer of the result. */
function looks({ options, versions }) {
  const others = options.peers.filter((peer) => peer !== SUBJECT);
  return options.peers.map((peer) => {
    const i = others.indexOf(peer);
    const [color, symbol] =
      i < 0 ? [SUBJECT_COLOR, 'circle'] : [COLORS[i % COLORS.length], SYMBOLS[i % SYMBOLS.length]];
    return { peer, title: titleOf(peer), version: versions[peer], color, symbol };
  });
}

function titleOf(peer) {
  try {
    return loadPeer(peer).title;
  } catch {
    return peer; // of an older result, or not installed here
  }
}

/** When, where and how it was measured; or what `result` says of it itself, in `where`. */
function where(result) {
  if (result.where) return result.where;
  const { date, environment, options } = result;
  const { cpu, cores, os, node } = environment;
  return (
    `${date.slice(0, 10)} · ${cpu}, ${cores} cores · ${os} · Node ${node.replace(/^v/, '')} · ` +
    `median of ${options.rounds} samples${options.quick ? ', quick run' : ''}` +
    (options.busy ? ` · ${options.busy} busy processes for each core` : '')
  );
}

/** What only says something; what shows values is a series. */
const text = (x, y, content, style = {}) => ({
  type: 'text',
  x,
  y,
  silent: true,
  style: {
    text: content,
    fontFamily: FONT,
    fontSize: 12,
    fill: INK,
    verticalAlign: 'middle',
    ...style,
  },
});

const line = (x1, y1, x2, y2, style) => ({
  type: 'line',
  silent: true,
  shape: { x1, y1, x2, y2 },
  style: { stroke: LINE, lineWidth: 1, ...style },
});

const textWidth = (content) => echarts.format.getTextRect(content, `12px ${FONT}`).width;

/** Marks, names and versions of the peers in one line: { texts, marks }. */
function legend(peers, y) {
  let x = 24;
  const texts = [];
  const marks = peers.map(({ title, version, color, symbol }) => {
    const label = `${title} ${version}`;
    const at = x;
    texts.push(text(at + 18, y, label));
    x += textWidth(label) + 48;
    return mark(symbol, at + 6, y, color);
  });
  return { texts, marks };
}

const mark = (symbol, x, y, color) => ({ value: [x, y], symbol, itemStyle: { color, opacity: 1 } });

/** A series of marks at places of the picture, with a grid of its own beside those of so many `plots`. */
function marksAt(data, height, plots = 1) {
  const hidden = { type: 'value', gridIndex: plots, show: false, min: 0 };
  return {
    grid: { left: 0, top: 0, width: WIDTH, height },
    xAxis: { ...hidden, max: WIDTH },
    yAxis: { ...hidden, max: height, inverse: true },
    series: {
      type: 'scatter',
      xAxisIndex: plots,
      yAxisIndex: plots,
      silent: true,
      symbolSize: 10,
      data,
    },
  };
}

/** @returns {string} SVG: what `option` says, under a title that says where it was measured */
function picture(title, height, result, option) {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    textStyle: { fontFamily: FONT, color: INK },
    ...option,
    graphic: [
      text(24, 30, title, { fontSize: 18, fontWeight: 600 }),
      text(24, 56, where(result), { fill: GREY }),
      ...option.graphic,
    ],
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  const label = echarts.format.encodeHTML(title);
  // Styles under the mouse, under names that count all pictures of the process, serve nobody in a file;
  // the font is the same everywhere.
  const still = svg
    .replace(/<style[^]*?<\/style>\n?/g, '')
    .replace(/ (class|pointer-events|ecmeta_[a-z_]+)="[^"]*"/g, '')
    .replace(/\bzr\d+-/g, 'zr-')
    .replaceAll(`font-family:${FONT};`, '');
  const root = `<svg role="img" aria-label="${label}" font-family="${FONT}" `;
  return `${still.replace('<svg ', root)}\n`;
}

/** An axis of doublings around all of `values`. */
function axis(values, label) {
  const powers = values.map(Math.log2);
  return {
    type: 'log',
    logBase: 2,
    min: 2 ** Math.floor(Math.min(...powers)),
    max: 2 ** Math.ceil(Math.max(...powers)),
    axisLabel: { formatter: label, color: GREY, fontSize: 12 },
    axisLine: { show: false },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: '#e8ebef' } },
  };
}

module.exports = { WIDTH, INK, GREY, looks, text, line, legend, mark, marksAt, axis, picture };

'use strict';

// Pictures of workloads that are measured at several sizes: what becomes of each peer as clients (`clients-N`) or
// messages (`bytes-N`) grow. Used by ../charts.js.

const { GREY, WIDTH, axis, legend, looks, marksAt, picture, text } = require('./drawing.js');
const { median } = require('./stats.js');

/** The picture's name -> the workloads' name without the size, and the metrics, a panel each. */
const CHARTS = {
  clients: {
    workload: 'clients',
    title: 'Echo of 100 bytes, one in flight for each client',
    size: (n) => (n === 1 ? '1 client' : n.toLocaleString('en-US')),
    panels: [
      { key: 'rate', title: 'Throughput, thousands of messages a second' },
      { key: 'serverCpu', title: 'Processor time of the server for a message, µs' },
      { key: 'p99', title: 'p99 of the round trip, ms', scale: 1e-3 },
    ],
  },
  bytes: {
    workload: 'bytes',
    title: 'One way, from 10 B to 10 MB of text in a message',
    size: (n) => (n < 1e3 ? `${n} B` : n < 1e6 ? `${n / 1e3} kB` : `${n / 1e6} MB`),
    panels: [{ key: 'perByte', title: 'Time for each byte, ns' }],
  },
};

const LEFT = 72;
const TOP = 124;
const PANEL = 240;
const GAP = 56;

/** Size -> peer -> values of its samples, in the order of the sizes. */
function bySize({ samples }, workload) {
  const sizes = new Map();
  for (const { workload: name, peer, values } of samples) {
    const [, size] = name.match(`^${workload}-(\\d+)$`) ?? [];
    if (size === undefined || !values) continue;
    const peers = sizes.get(Number(size)) ?? new Map();
    sizes.set(Number(size), peers.set(peer, [...(peers.get(peer) ?? []), values]));
  }
  return new Map([...sizes].sort(([a], [b]) => a - b));
}

const compact = (value) => Number(value.toPrecision(3)).toLocaleString('en-US');

/** One panel: its axes, and a line for each peer. */
function panel({ key, scale = 1 }, i, sizes, peers, sizeText) {
  const medians = peers.map(({ peer, title, color, symbol }) => ({
    name: title,
    type: 'line',
    silent: true,
    symbol,
    symbolSize: 8,
    lineStyle: { color, width: 2 },
    itemStyle: { color },
    xAxisIndex: i,
    yAxisIndex: i,
    data: [...sizes.entries()].flatMap(([size, samples]) => {
      const values = (samples.get(peer) ?? []).map((sample) => sample[key] * scale);
      return values.length > 0 ? [[sizeText(size), median(values)]] : [];
    }),
  }));
  const all = medians.flatMap(({ data }) => data.map(([, value]) => value));
  return {
    series: medians,
    grid: { left: LEFT, width: WIDTH - LEFT - 24, top: TOP + i * (PANEL + GAP), height: PANEL },
    yAxis: { ...axis(all, compact), gridIndex: i },
    xAxis: {
      type: 'category',
      gridIndex: i,
      data: [...sizes.keys()].map(sizeText),
      axisLabel: { color: GREY, fontSize: 12 },
      axisTick: { show: false },
    },
  };
}

/** @returns {string | undefined} SVG; nothing when the result does not have several sizes */
function growthChart(result, { workload, title, size, panels }) {
  const sizes = bySize(result, workload);
  if (sizes.size < 2) return undefined;
  const measured = new Set([...sizes.values()].flatMap((peers) => [...peers.keys()]));
  const peers = looks(result).filter(({ peer }) => measured.has(peer));
  const drawn = panels.map((each, i) => panel(each, i, sizes, peers, size));
  const height = TOP + panels.length * (PANEL + GAP);
  const names = legend(peers, 82);
  const all = [...drawn, marksAt(names.marks, height, panels.length)];
  return picture(title, height, result, {
    graphic: [
      ...names.texts,
      ...panels.map((each, i) =>
        text(24, TOP + i * (PANEL + GAP) - 18, each.title, { fontWeight: 600 }),
      ),
    ],
    grid: all.map(({ grid }) => grid),
    xAxis: all.map(({ xAxis }) => xAxis),
    yAxis: all.map(({ yAxis }) => yAxis),
    series: all.flatMap(({ series }) => series),
  });
}

module.exports = { CHARTS, growthChart };

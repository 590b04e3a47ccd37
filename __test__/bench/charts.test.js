'use strict';
// The charts of the benchmark (bench/charts.js): drawn from a made-up result, as `npm run bench` does.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { writeCharts } = require('../../bench/charts');
const { DEFAULT_PEERS, loadPeer } = require('../../bench/peers');
const { workloads } = require('../../bench/workloads');

const PERCENTILES = [1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9];
const PEERS = [...DEFAULT_PEERS, 'a & <b>'];

/** Every metric of every workload; each peer is a tenth worse than the one before it. */
function makeResult() {
  const samples = workloads.flatMap((workload) =>
    workload.modes.flatMap((mode) =>
      PEERS.flatMap((peer, i) =>
        [0, 1].map((round) => {
          const factor = 1 + i / 10 + round / 100;
          const values = workload.metrics.map(({ key, better }) => [
            key,
            better === 'lower' ? 100 * factor : 100 / factor,
          ]);
          const percentiles = Object.fromEntries(PERCENTILES.map((p) => [p, (10 + p) * factor]));
          const sample = { workload: workload.name, mode, peer, round, status: 'ok' };
          return { ...sample, values: { ...Object.fromEntries(values), percentiles } };
        }),
      ),
    ),
  );
  return {
    date: '2026-01-02T03:04:05.678Z',
    options: { quick: false, rounds: 2, peers: PEERS },
    environment: { node: 'v20.1.2', cpu: 'Some <CPU>', cores: 2, os: 'Linux 6 x64' },
    versions: Object.fromEntries(PEERS.map((peer, i) => [peer, `${i}.0.1`])),
    samples,
  };
}

const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

/** The texts of an XML document; throws where tags are not closed in order or text is not escaped. */
function textsOf(xml) {
  const open = [];
  const texts = [];
  for (const [, tag, text] of xml.matchAll(/(<[^>]*>)|([^<]+)/g)) {
    if (text !== undefined) {
      const plain = text.replace(/&([^;&]*);/g, (_, name) => ENTITIES[name]);
      expect(text.replace(/&(amp|lt|gt|quot|#39);/g, '')).not.toMatch(/[&>]/);
      texts.push(plain.trim());
      continue;
    }
    const [, end, name, attributes, empty] =
      /^<(\/?)([a-zA-Z]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>$/.exec(tag);
    if (end) {
      expect(open.pop()).toBe(name);
      expect(attributes).toBe('');
    } else if (!empty) {
      open.push(name);
    }
  }
  expect(open).toEqual([]);
  return texts.filter((text) => text !== '');
}

describe('charts of a benchmark result', () => {
  let directory;
  beforeEach(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), 'ferripc-charts-'));
  });
  afterEach(() => {
    fs.rmSync(directory, { recursive: true });
  });

  function draw(result) {
    writeCharts(result, path.join(directory, 'run'));
    const read = (name) => fs.readFileSync(path.join(directory, name), 'utf8');
    return Object.fromEntries(fs.readdirSync(directory).map((name) => [name, read(name)]));
  }

  test('all name every peer, the date, the machine and Node', () => {
    const charts = draw(makeResult());
    const names = ['bytes', 'clients', 'latency', 'ratios'].map((name) => `run-${name}.svg`);
    expect(Object.keys(charts)).toEqual(names);
    for (const svg of Object.values(charts)) {
      const texts = textsOf(svg);
      const others = DEFAULT_PEERS.slice(1).map(
        (peer, i) => `${loadPeer(peer).title} ${i + 1}.0.1`,
      );
      expect(texts).toEqual(expect.arrayContaining([...others, `a & <b> ${PEERS.length - 1}.0.1`]));
      expect(texts[1]).toBe(
        '2026-01-02 · Some <CPU>, 2 cores · Linux 6 x64 · Node 20.1.2 · median of 2 samples',
      );
      expect(svg.length).toBeLessThan(250_000); // of more workloads than a run has
    }
  });

  test('the ratios have all rows of the table, with a number and a mark for each peer', () => {
    const svg = draw(makeResult())['run-ratios.svg'];
    const texts = textsOf(svg).join('\n');
    const rows = workloads.flatMap(({ title, modes, metrics }) => {
      expect(texts).toContain(title);
      return modes.flatMap(() => metrics.map((metric) => metric.title));
    });
    for (const row of new Set(rows)) {
      expect(texts).toContain(row);
    }
    for (const ratio of ['×1.10', '×1.20', '×1.30', '×1.40']) {
      expect(texts.split(ratio)).toHaveLength(rows.length + 1);
    }
  });

  test('growth: a panel for each metric, and all sizes', () => {
    const charts = draw(makeResult());
    const clients = textsOf(charts['run-clients.svg']);
    expect(clients.filter((text) => /^(Throughput|Processor time|p99)/.test(text))).toHaveLength(3);
    expect(clients).toEqual(expect.arrayContaining(['1 client', '10', '100', '1,000', '5,000']));
    expect(textsOf(charts['run-bytes.svg'])).toEqual(expect.arrayContaining(['10 B', '10 MB']));
  });

  test('the latency is the median of the samples', () => {
    const texts = textsOf(draw(makeResult())['run-latency.svg']);
    // ferripc: (10 + p) × 1.005
    expect(texts).toEqual(expect.arrayContaining(['60.3', '110']));
  });

  test('the same result gives the same bytes', () => {
    expect(draw(makeResult())).toEqual(draw(makeResult()));
  });

  test('what was not measured is left out', () => {
    const result = makeResult();
    const isGrowth = /^(clients|bytes)-/;
    result.samples = result.samples.filter(
      ({ peer, workload }) => peer !== 'net' && !isGrowth.test(workload),
    );
    result.samples.forEach(({ values }) => delete values.percentiles);
    const charts = draw(result);
    expect(Object.keys(charts)).toEqual(['run-ratios.svg']);
    expect(textsOf(charts['run-ratios.svg'])).toContain('–');
  });
});

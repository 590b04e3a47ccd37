'use strict';

// The charts of a result: draws <name>-ratios.svg, -latency.svg, -clients.svg and -bytes.svg beside <name>.json, as
// far as it has the numbers. run.js does so after each run; by hand, to draw an older result again:
//
//   node bench/charts.js bench/results/<name>.json ...

const fs = require('fs');
const { CHARTS, growthChart } = require('./lib/growth-chart.js');
const { latencyChart } = require('./lib/latency-chart.js');
const { ratioChart } = require('./lib/ratio-chart.js');

/** Writes the charts that `result` has the numbers for to files whose names begin with `base`. */
function writeCharts(result, base) {
  const charts = { ratios: ratioChart(result), latency: latencyChart(result) };
  for (const [name, growth] of Object.entries(CHARTS)) charts[name] = growthChart(result, growth);
  for (const [name, svg] of Object.entries(charts)) {
    if (svg !== undefined) {
      fs.writeFileSync(`${base}-${name}.svg`, svg);
    }
  }
}

module.exports = { writeCharts };

if (require.main === module) {
  for (const file of process.argv.slice(2)) {
    writeCharts(JSON.parse(fs.readFileSync(file, 'utf8')), file.replace(/\.json$/, ''));
  }
}

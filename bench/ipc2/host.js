'use strict';
// One sample of `npm run bench:ipc2`, in a process of its own: `node host.js <peer> <job> <lanes> <times>`. Prints
// `{p50, p99, rate}`: µs, and jobs a second. Each lane sends one job after the other.

const { quantile } = require('../lib/stats.js');
const jobs = require('./jobs.js');
const peers = require('./peers.js');

/** How long each job took, in µs. */
async function lane(pool, job, data, times) {
  const took = [];
  for (let i = 0; i < times; i++) {
    const started = process.hrtime.bigint();
    const answer = await pool.send(data);
    took.push(Number(process.hrtime.bigint() - started) / 1e3);
    if (!job.fits(answer)) throw new Error('another answer');
  }
  return took;
}

async function main([peer, name, lanes, times]) {
  const job = jobs[name];
  const pool = await peers[peer].start(name, job, Number(lanes));
  const all = (count) =>
    Promise.all(Array.from({ length: lanes }, () => lane(pool, job, job.data(), count)));
  await all(times / 5); // so that all is compiled
  const started = process.hrtime.bigint();
  const took = (await all(Number(times))).flat();
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  const result = { p50: quantile(took, 0.5), p99: quantile(took, 0.99) };
  console.log(JSON.stringify({ ...result, rate: took.length / seconds }));
  await pool.close();
}

main(process.argv.slice(2));

'use strict';
// A worker of `npm run bench:ipc2`: `node worker.js <peer> <job>`, started by peers.js; for piscina, a function.

const jobs = require('./jobs.js');

async function ferripc(job) {
  const { codec, connect } = require('../../ipc2.js');
  for await (const { data, tx } of await connect(job.types(codec))) tx.send(job.work(data));
}

function fork(job) {
  process.on('message', ({ id, data }) => process.send({ id, answer: job.work(data) }));
}

const roles = { ferripc, fork };

const [, , role, name] = process.argv;
if (role === 'workerpool') require('workerpool').worker({ work: jobs[name].work });
else if (roles[role]) roles[role](jobs[name]);

module.exports = ({ name, data }) => jobs[name].work(data);

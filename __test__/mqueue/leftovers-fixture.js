'use strict';
// Run by leftovers.test.js: has a queue until it is killed.

const mqueue = require('../../mqueue');
const { queueName } = require('../helpers/queues');

const name = queueName({ after() {} });
mqueue.open(name, { create: true });
console.log(JSON.stringify(name));
setInterval(() => {}, 60_000);

'use strict';
// `ferripc/ipc2` and `ferripc/workers`: hosts and workers of ipc2.

const codec = require('./codec');
const { WorkerSetJobError } = require('./errors');
const { SOCKET_ENV_VAR, connect } = require('./jobs');
const { WorkerHandle, spawn } = require('./worker-handle');
const { TimeoutAction, WorkerSet } = require('./worker-set');

module.exports = {
  WorkerSet,
  WorkerHandle,
  TimeoutAction,
  WorkerSetJobError,
  codec,
  spawn,
  connect,
  SOCKET_ENV_VAR,
};

// Proof that ferripc behaves as @achrinza/node-ipc 9.x and 10.x: the scenarios in scenarios/tls.
// Run by jest; see lifecycle.test.js for the environment variables.
'use strict';

require('./lib/suite.js').defineFolder('tls');

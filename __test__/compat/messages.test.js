// Proof that ferripc behaves as @achrinza/node-ipc 9.x and 10.x: the scenarios in scenarios/messages.
// Run by jest. FERRIPC_TESTS=all plays every pairing on every transport, FERRIPC_COMPAT_PAIRINGS=9-9,10-10 only
// these (server-client, where `new` is ferripc), -t 'name' some scenarios; FERRIPC_COMPAT_TARGET names another
// ferripc to prove.
'use strict';

require('./lib/suite.js').defineFolder('messages');

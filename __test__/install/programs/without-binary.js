'use strict';
// node without-binary.js PLACE: requires the package, says so, and prints what its first use throws where nothing may take
// the binary's place.

const [place] = process.argv.slice(2);
process.env.FERRIPC_NO_FALLBACK = '1';

const ipc = require('ferripc');
ipc.config.silent = true;
console.log('required');
ipc.serve(place);
try {
  ipc.server.start();
} catch ({ code, message, attempts }) {
  console.log(`${code}\n${JSON.stringify(attempts)}\n${message}`);
}

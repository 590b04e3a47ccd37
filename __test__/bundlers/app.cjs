'use strict';
// The app that bundlers.test.js has bundled, in CommonJS.

const ipc = require('ferripc');
const { default: roundTrip } = require('./round-trip.mjs');

roundTrip(ipc);

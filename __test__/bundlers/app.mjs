// The app that bundlers.test.js has bundled, as an ES module.
import ipc from 'ferripc';
import roundTrip from './round-trip.mjs';

roundTrip(ipc);

// node imported.mjs PLACE: an ES module program.
import ipc, { IPC } from 'ferripc';
import again from 'ferripc/node-ipc.js';
import DeepIPC from 'ferripc/services/IPC.js';
import roundTrip from './round-trip.js';

const [place] = process.argv.slice(2);
const answers = [await roundTrip(ipc, place), await roundTrip(new IPC(), place)];
if (again !== ipc) answers.push('node-ipc.js is another');
if (DeepIPC !== IPC) answers.push('IPC is another');
console.log(answers.join());

// Prints the names of node-ipc 14's settings.
import { IPCModule } from 'node-ipc-14';

console.log(JSON.stringify(Object.keys(new IPCModule().config)));

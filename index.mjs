// The package's ES module face: the same singleton as index.js.
import singleton from './index.js';

export default singleton;
export const { IPC, IPCModule } = singleton;

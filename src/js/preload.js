'use strict';
// `ferripc/preload`: loads at once what the package loads with the first server, client or message that needs it, and the
// binary. For programs that give up their rights (setuid, chroot), or their file system (mock-fs), before that. Each
// folder has its own list, since Node looks for a file again unless it was asked from the same folder.

require('./node-ipc/ipc');
require('./node-ipc/preload');
require('./sockets/preload');
require('./diagnostics/preload');
require('./engine/preload');
require('./core').loadAll();

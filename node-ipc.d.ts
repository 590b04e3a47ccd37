// Types of the deep import `node-ipc.js`, which is the package itself.

import ferripc = require('./index.js');

export = ferripc;

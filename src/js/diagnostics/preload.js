'use strict';
// What the files of this folder load when it is needed. Used by ferripc/preload.

require('../engine/engine');
require('../node-ipc/config');
require('../node-ipc/values');

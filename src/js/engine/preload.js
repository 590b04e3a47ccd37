'use strict';
// What the files of this folder load when it is needed, and the binary. Used by ferripc/preload.

require('./packets');
require('./native').engine();

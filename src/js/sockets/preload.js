'use strict';
// What the files of this folder load when it is needed. Used by ferripc/preload.

require('./cluster-datagrams');
require('./tls-socket');
require('../diagnostics/stats');

'use strict';
// What the files of this folder load when it is needed. Used by ferripc/preload.

require('./arrival');
require('./client');
require('./instance');
require('./messages');
require('./recipients');
require('./requests');
require('./requests/preload');
require('./server');
require('./settings');
require('./values');
require('./parsers');
require('./parsers/message');
require('./parsers/profile');
require('./parsers/root');
require('./parsers/tls');
require('./parsers/transports');
require('../diagnostics/stats');
require('../diagnostics/tap');
require('../engine/native');
require('../sockets/datagram-socket');
require('../sockets/tls');
require('../sockets/tls-socket');

'use strict';
// `ferripc/ipcio`: ipcIO's server and client.

require('../engine/timers'); // before there can be fake ones
const Client = require('./client');
const Server = require('./server');

module.exports = { Client, Server };

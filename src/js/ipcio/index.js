'use strict';
// `ferripc/ipcio`: ipcIO's server and client.

require('../core'); // first: before there can be fakes
const Client = require('./client');
const Server = require('./server');

module.exports = { Client, Server };

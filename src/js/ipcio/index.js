'use strict';
// `ferripc/ipcio`: ipcIO's server and client.

const Client = require('./client');
const Server = require('./server');

module.exports = { Client, Server };

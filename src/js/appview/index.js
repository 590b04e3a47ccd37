'use strict';
// `ferripc/appview`: AppView's and AppScope's client and server.

require('../core'); // first: before there can be fakes
const AppViewClient = require('./client');
const { Command, Status, isSupported } = require('./protocol');
const AppViewServer = require('./server');

module.exports = { AppViewClient, AppViewServer, Command, Status, isSupported };

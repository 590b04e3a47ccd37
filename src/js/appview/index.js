'use strict';
// `ferripc/appview`: AppView's and AppScope's client and server.

require('../engine/timers'); // before there can be fake ones
const AppViewClient = require('./client');
const { Command, Status, isSupported } = require('./protocol');
const AppViewServer = require('./server');

module.exports = { AppViewClient, AppViewServer, Command, Status, isSupported };

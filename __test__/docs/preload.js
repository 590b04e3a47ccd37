'use strict';
// Loaded before each program of a document that the tests run: the defaults that are shared with the rest of the
// machine, a folder and a port, become the project's own.

const config = require('../../src/js/node-ipc/config');

const { DOCS_SOCKET_ROOT, DOCS_PORT } = process.env;

config.Defaults = class Defaults extends config.Defaults {
  constructor() {
    super();
    this.socketRoot = DOCS_SOCKET_ROOT;
    this.networkPort = Number(DOCS_PORT);
  }
};

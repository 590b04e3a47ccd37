'use strict';
// A test environment in which bytes have classes of another realm than Node's, as in jest's environment of jsdom: there no
// Buffer is an instance of Uint8Array, and timers are numbers. Maps, errors and the like are of another realm in each environment of jest.

const vm = require('node:vm');
const { TestEnvironment } = require('jest-environment-node');

module.exports = class OtherRealm extends TestEnvironment {
  constructor(...args) {
    super(...args);
    Object.assign(this.global, vm.runInNewContext('({ ArrayBuffer, Uint8Array })'), {
      URL: class extends URL {},
    });
    this.global.setTimeout = (...args) => Number(setTimeout(...args));
    delete this.global.setImmediate;
    delete this.global.clearImmediate;
  }
};

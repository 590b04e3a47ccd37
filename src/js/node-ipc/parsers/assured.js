'use strict';
// config.parser = 'assured': as 'guarded', and only for the types that `config.allowedEvents` lists. What it asks
// of transports is in transports.js and tls.js. One of node-ipc 14's parser classes.

const { core } = require('../../core');
const { isSet } = core('util').types;
const { valueError } = require('../../errors');
const { GuardedParser } = require('./guarded');
const IPCProtocolError = require('./protocol-error');

class AssuredParser extends GuardedParser {
  /** Tells the class from others before there is an instance. */
  static profile = 'assured';

  /** @throws {TypeError} as GuardedParser, and if `config.allowedEvents` is not a non-empty Array or Set */
  constructor(config = {}) {
    super(config);
    const { allowedEvents } = config;
    const isList = Array.isArray(allowedEvents) || isSet(allowedEvents);
    if (!isList || [...allowedEvents].length === 0) {
      throw valueError(
        'config.allowedEvents must be a non-empty Array or Set for the parser "assured"',
      );
    }
    this.profile = 'assured';
    /** A copy: the list is closed from now on. */
    this.allowedEvents = new Set(allowedEvents);
    this.allowReservedEvents = false;
  }

  validateType(type) {
    super.validateType(type);
    if (this.allowedEvents.has(type)) return;
    // The type, which may hold anything, is not quoted.
    const reason = 'the type of a message is not in allowedEvents';
    throw new IPCProtocolError('ERR_IPC_EVENT_NOT_ALLOWED', reason);
  }
}

module.exports = AssuredParser;

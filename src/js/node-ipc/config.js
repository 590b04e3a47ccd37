'use strict';
// The defaults of `ipc.config`. Loaded with the package; how the values are read is in settings.js, which
// only clients and servers need.
//
// A configuration is a plain mutable object that users change and replace at any time (K6), so values
// are read when they are used and a missing one means its default.

const os = require('node:os');
const { core } = require('../core');
const { constants } = core('buffer');
const { LINGER, MAX_BUFFERED, MAX_QUEUED } = require('../sockets/defaults');

/** Ends a message unless the configuration says otherwise (K1). */
const DEFAULT_DELIMITER = '\f';

/** How long a silent UDP peer is remembered, in ms. */
const PEER_TIMEOUT = 300_000;

class Defaults {
  constructor() {
    /** Part of the default path: socketRoot + appspace + id (K2). */
    this.appspace = 'app.';
    this.socketRoot = '/tmp/';
    /** The id of this process's service. */
    this.id = hostname();

    /** Encoding of strings in raw mode (K14). */
    this.encoding = 'utf8';
    /** Raw bytes instead of messages (K14). */
    this.rawBuffer = false;
    /** One message in flight per client (K17). */
    this.sync = false;
    /** What `start` does about an existing socket file: true, false or 'stale' (F9); false also lets cluster workers share it (K23). */
    this.unlink = true;

    /** Ends each message (K1). Read when a client or server is made. */
    this.delimiter = DEFAULT_DELIMITER;
    /** Longest message that is accepted, in bytes. */
    this.maxMessageBytes = constants.MAX_STRING_LENGTH;
    /**
     * Bytes of unfinished messages that all connections of a server may hold together; beyond that, the largest is
     * closed.
     */
    this.maxBufferedBytes = MAX_BUFFERED;
    /**
     * Bytes that may wait for one peer that does not read: a message that finds as many is refused with
     * ENOBUFS. At least the 256 KiB from which on `emit` returns false, at most 4 GiB. Not for UDP.
     */
    this.maxQueuedBytes = MAX_QUEUED;

    /**
     * How long a closing connection with something left to send waits for a peer that takes nothing, in ms.
     * As long as it takes something, everything is sent.
     */
    this.linger = LINGER;

    /** No logging (K18). */
    this.silent = false;
    this.logDepth = 5;
    this.logInColor = true;
    this.logger = console.log.bind(console);

    /** Most connections a server keeps at a time (K23). */
    this.maxConnections = 100;
    /** Most connections a server takes in within a second; others wait. Not for UDP. */
    this.maxConnectionRate = Infinity;
    /** Time between two attempts to connect, in ms (K10). */
    this.retry = 500;
    /** Attempts after the first (K11). */
    this.maxRetries = Infinity;
    this.stopRetrying = false;

    // node-ipc 9 and 10 intend to look at the network interfaces here, but their condition is never true: they have
    // these values on every machine, and peers rely on meeting at 127.0.0.1 (F18).
    this.IPType = '';
    this.tls = false;
    this.networkHost = '127.0.0.1';
    this.networkPort = 8000;

    /** How long a UDP server broadcasts to a peer that sends nothing, in ms (F14). */
    this.peerTimeout = PEER_TIMEOUT;

    /** Opens the socket file to all users (K23). */
    this.readableAll = false;
    this.writableAll = false;

    /** How a client connects, as in net.connect (K24). */
    this.interface = {
      localAddress: false,
      localPort: false,
      family: false,
      hints: false,
      lookup: false,
    };
  }
}

function hostname() {
  try {
    return os.hostname();
  } catch {
    return 'localhost'; // a sandbox without the call
  }
}

module.exports = { Defaults, DEFAULT_DELIMITER, PEER_TIMEOUT };

'use strict';
// Listening in a worker of `node:cluster`: the primary has the socket and hands connections out, by its
// scheduling policy, to a net.Server here, which passes each on to the engine (K23). Used by listener.js.

const net = require('node:net');
const { core, platform, process } = require('../core');
const fs = core('fs');
const engine = require('../engine/engine');
const { codedError } = require('../errors');

/**
 * Whether to listen by way of the primary: a worker at an IP address, always (as net.Server does), or at
 * a path that it is to leave as it is (`unlink: false`). A worker that replaces what is at its path does
 * so alone, and so does one at an abstract name, which the primary would take for a relative path.
 *
 * Passing connections on takes their descriptors, which Node has on Unix alone: everywhere else each
 * worker listens by itself, so the second one at an address gets EADDRINUSE.
 */
function isShared({ path, claim }) {
  const { bun, deno } = process.versions;
  if (platform === 'win32' || bun || deno) return false;
  if (path !== undefined && (claim !== 'never' || path.startsWith('\0'))) return false;
  return core('cluster').isWorker;
}

/** Receives the connections from the primary. `listener`: the net.Server that users know, see listener.js. */
class Acceptor extends net.Server {
  #listener;
  /** Passed on, and not reported by the engine yet. */
  arriving = 0;

  constructor(listener) {
    super({ pauseOnConnect: true, allowHalfOpen: true }); // not a byte is read here
    this.#listener = listener;
    // Node checks this before it takes a connection: one over the limit goes to another worker.
    for (const name of ['maxConnections', 'dropMaxConnection']) {
      Object.defineProperty(this, name, { get: () => listener[name] });
    }
    Object.defineProperty(this, '_connections', {
      get: () => listener._count + this.arriving,
      set() {},
    });
  }

  /** Called by the worker's `disconnect`, which waits for the end of the connections, as in net. */
  close(callback) {
    this.#listener.close(callback);
    return this;
  }

  stop() {
    if (this.listening) super.close();
  }
}

/** An engine's listener together with its acceptor: what engine.listen returns elsewhere. */
class SharedListener {
  constructor(listener, acceptor) {
    this.listener = listener;
    this.acceptor = acceptor;
  }

  ref() {
    this.listener.ref();
    this.acceptor.ref();
  }

  unref() {
    this.listener.unref();
    this.acceptor.unref();
  }

  /** Node counts what is on its way here before it takes a connection: see Acceptor. */
  limitHandshakes() {}

  announce(act) {
    this.listener.announce(act);
  }

  close() {
    this.acceptor.stop();
    this.listener.close();
  }
}

/**
 * Listens by way of the primary, as engine.listen; `done` gets what that returns, or `{failure}` with
 * Node's own error. `sink`: the net.Server that users know; `_count` are its connections.
 */
function listen({ path, addMode, address, port, tls, framing }, sink, done) {
  const acceptor = new Acceptor(sink);
  const { error, listener } = engine.listenElsewhere(
    { path, claim: 'never', tls, framing },
    {
      _scope: sink._scope,
      _onAccepted(connection, facts) {
        acceptor.arriving--;
        sink._onAccepted(connection, facts);
      },
      _onAcceptFailed(failed) {
        acceptor.arriving--;
        sink._onAcceptFailed(failed);
      },
      _onEnded: () => sink._onEnded(),
    },
  );
  if (error) {
    done({ error });
    return;
  }
  // Until the primary has answered, its channel keeps the process alive. A worker that is disconnected gets no answer.
  listener.unref();
  const shared = new SharedListener(listener, acceptor);
  let isUp = false;
  const up = () => {
    if (isUp) return;
    isUp = true;
    listener.ref();
    done({ listener: shared, address: path === undefined ? acceptor.address() : null });
  };
  acceptor.on('error', (failure) => {
    if (isUp) {
      sink.emit('error', failure);
      return;
    }
    listener.close();
    done({ failure });
  });
  acceptor.on('listening', () => {
    if (path !== undefined) addModeTo(path, addMode, acceptor);
    up();
  });
  acceptor.on('drop', (peer) => sink.emit('drop', peer));
  acceptor.on('connection', (socket) => {
    up(); // before 'listening' was emitted
    const failure = listener.adopt(socket);
    if (failure === undefined) acceptor.arriving++;
    else sink._onAcceptFailed(failure ?? noDescriptor());
  });
  acceptor.listen(path === undefined ? { host: address, port } : { path });
}

/**
 * Node's own `readableAll` and `writableAll` would take from the file's owner what they do not name (since libuv 1.51), and
 * have no effect under SCHED_NONE.
 */
function addModeTo(path, addMode, acceptor) {
  try {
    const found = fs.lstatSync(path);
    const mode = found.mode & 0o777;
    const isOurs = found.isSocket(); // and nothing that somebody has put in its place
    if (isOurs && (mode & addMode) !== addMode) fs.chmodSync(path, mode | addMode);
  } catch (error) {
    acceptor.emit('error', error);
  }
}

function noDescriptor() {
  const reason = 'this runtime gives no descriptor for a connection of a cluster worker';
  return codedError('ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', reason);
}

module.exports = { isShared, listen };

'use strict';
// Connecting, for the JavaScript engine: one address after the other. It waits for listeners whose backlog is full.
// Used by hub.js.
// The times are those of src/engine/transport (tcp.rs, line.rs).

const net = require('node:net');
const { failure, failureOf } = require('./errors');
const { paddedName, pathFault } = require('./socket-file');
const { secureClient } = require('./tls');
const { clearTimeout, now, setTimeout } = require('../../core');

/** How long an address may take while there is another one to try, in ms. */
const ATTEMPT = 250;

/** How long to wait for a listener that accepts nobody, and the longest pause between two tries. */
const PATIENCE = 10_000;
const PAUSE = 50;

/** On a socket: what hears of its attempt to connect. The listeners stay, and are the same for all: that costs least. */
const TRIED = Symbol('tried');

function onConnect() {
  this[TRIED]?.(null);
}

function onError(error) {
  this[TRIED]?.(error);
}

/** One attempt to connect: `done(error, socket)`. Returns what ends it. */
function attempt(options, limit, done) {
  const socket = new net.Socket({ allowHalfOpen: true });
  let timer = null;
  const leave = () => {
    if (timer !== null) clearTimeout(timer);
    socket[TRIED] = null;
  };
  socket[TRIED] = (error) => {
    leave();
    if (error) socket.destroy();
    done(error, socket);
  };
  socket.on('error', onError).on('connect', onConnect);
  socket.pause(); // not a byte is read before its consumer says so
  socket.connect(options);
  if (limit < Infinity) {
    const tooLate = { code: 'ETIMEDOUT', syscall: 'connect', isOurs: true };
    timer = setTimeout(() => socket[TRIED]?.(tooLate), limit);
  }
  return () => {
    leave();
    socket.destroy();
  };
}

/** Where a failed attempt was directed: to the other side, or to be bound to an address of ours. */
function whereOf({ syscall, address, port }, target) {
  if (syscall === 'bind')
    return { address: address ?? target.localAddress, port: port ?? target.localPort };
  return target.path === undefined
    ? { address: target.host.split('%')[0], port: target.port }
    : { path: target.path };
}

function toFailure(error, target) {
  const where = whereOf(error, target);
  return error.isOurs
    ? failure('connect', error.code, where)
    : failureOf(error, error.syscall, where);
}

/** A server's abstract name may be padded, where its libuv is of before 1.48. */
const namesOf = (path) => (path.startsWith('\0') ? [path, paddedName(path)] : [path]);

/** Path -> the queue of attempts that wait for a listener there that has no room. */
const lines = new Map();

/** Only the first one keeps trying; the others follow one after the other. As line.rs. */
class Line {
  #path;
  #dials = [];
  /** When the listener last accepted somebody. */
  moved = 0;

  constructor(path) {
    this.#path = path;
    lines.set(path, this);
  }

  static at(path) {
    return lines.get(path) ?? new Line(path);
  }

  join(dial) {
    if (this.#dials.push(dial) === 1) dial.tryAgain();
  }

  leave(dial) {
    const at = this.#dials.indexOf(dial);
    this.#dials.splice(at, 1);
    if (this.#dials.length === 0) lines.delete(this.#path);
    else if (at === 0) this.#dials[0].tryAgain();
  }
}

class Dial {
  #targets;
  #index = 0;
  #errors = [];
  #done;
  #stop = null;
  #since = now();
  #pause = 1;
  /** The queue that it waits in. */
  #line = null;
  #tls;

  /** `options`: ConnectOptions of options.rs. `done(errors, socket)`: errors is a list, null if it is up. */
  constructor(options, done) {
    const { path, addresses, port, localAddress, localPort, tls } = options;
    this.#targets =
      path === undefined
        ? addresses.map((host) => ({ host, port, localAddress, localPort }))
        : namesOf(path).map((name) => ({ path: name }));
    this.#done = done;
    this.#tls = tls;
    const fault = path === undefined ? null : pathFault('connect', path);
    if (fault === null) this.#next();
    else this.#later(() => done([fault]), 0);
  }

  /** Ends it. Nothing is reported. */
  cancel() {
    this.#stop?.();
    this.#done = () => {};
    this.#leave();
  }

  #later(act, ms) {
    const timer = setTimeout(act, ms);
    this.#stop = () => clearTimeout(timer);
  }

  #next() {
    if (lines.has(this.#targets[this.#index].path)) this.#again();
    else this.tryAgain();
  }

  /** Called by the line when it is the first one there. */
  tryAgain() {
    const target = this.#targets[this.#index];
    const isLast = this.#index + 1 === this.#targets.length;
    this.#stop = attempt(target, isLast ? Infinity : ATTEMPT, (error, socket) => {
      const since = Math.max(this.#since, this.#line?.moved ?? 0);
      if (error?.code === 'EAGAIN' && now() - since < PATIENCE) return this.#again();
      if (!error && this.#line) this.#line.moved = now();
      if (error) this.#failed(toFailure(error, target));
      else this.#up(socket);
      return this.#leave();
    });
  }

  /** The listener has no room. */
  #again() {
    if (this.#line === null) {
      this.#stop = null;
      this.#line = Line.at(this.#targets[this.#index].path);
      this.#line.join(this);
    } else {
      this.#later(() => this.tryAgain(), this.#pause);
      this.#pause = Math.min(2 * this.#pause, PAUSE);
    }
  }

  #leave() {
    const line = this.#line;
    this.#line = null;
    line?.leave(this);
  }

  #failed(error) {
    this.#errors.push(error);
    this.#index++;
    const areNames = this.#targets[0].path !== undefined;
    // The other form of a name is for where nobody listens, and what comes of it says nothing new.
    const mayGoOn = !areNames || error.code === 'ECONNREFUSED';
    if (mayGoOn && this.#index < this.#targets.length) this.#next();
    else this.#done(areNames ? this.#errors.slice(0, 1) : this.#errors);
  }

  #up(socket) {
    if (!this.#tls) {
      this.#done(null, socket, null);
      return;
    }
    this.#stop = secureClient(socket, this.#tls, (error, secured, facts) => {
      if (error) this.#done([error]);
      else this.#done(null, secured, facts);
    });
  }
}

module.exports = { Dial };

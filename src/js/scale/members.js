'use strict';
// Who takes part: signs of life of this server and the others, and the lists of their clients, which every server has.
// Made by cluster.js.

const Directory = require('./directory');
const { bodyOf } = require('./frames');
const { clearTimeout, now, setImmediate, setTimeout } = require('../core');

/** Bytes of ids in one message, at most. */
const ROOM = 256 * 1024;
/** What else is in such a message, at most: names are limited. */
const OVERHEAD = 4096;

class Members {
  #settings;
  #link;
  #locals;
  #all;
  #tell;
  #timer = null;
  #lastTick = 0;
  #flushing = false;

  /**
   * `link`, `locals`: of this server. `all`: the target of all servers. `tell(event, peer, ...)` hears of `serverJoin`,
   * `serverLeave`, `serverBack` (peer; it was away from the broker), `clientJoin`, `clientLeave` (peer, id).
   */
  constructor(settings, { link, locals, all, subjectOf }, tell) {
    this.#settings = settings;
    this.#link = link;
    this.#locals = locals;
    this.#all = all;
    this.#tell = tell;
    this.directory = new Directory(subjectOf, (peer, id, more) =>
      tell(more > 0 ? 'clientJoin' : 'clientLeave', peer, id),
    );
  }

  start() {
    this.#lastTick = now();
    this.#arm();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#timer = null;
  }

  #arm() {
    this.#timer = setTimeout(() => this.#tick(), this.#settings.heartbeat);
    this.#timer.unref?.(); // the server keeps the process alive, not this
  }

  #tick() {
    const time = now();
    // A process that was stopped, or busy, has not looked: what has come in the meantime is heard after this.
    const passed = Math.min(time - this.#lastTick, 2 * this.#settings.heartbeat);
    this.#lastTick = time;
    for (const peer of this.directory.peers) {
      peer.isAsked = false;
      if (peer.age(passed) >= (peer.timeout ?? this.#settings.timeout)) this.#leave(peer);
    }
    this.beat(false);
    this.#arm();
  }

  get #ownState() {
    const { name, heartbeat, timeout } = this.#settings;
    return { name, heartbeat, timeout, revision: this.#locals.revision };
  }

  /** A sign of life. `hello`: and a question who else is there. */
  beat(hello) {
    this.flush();
    this.#link.publish(this.#all, bodyOf('beat', { ...this.#ownState, hello }));
  }

  bye() {
    this.#link.publish(this.#all, bodyOf('bye'));
  }

  // ---- the list of this server's clients -------------------------------------------------------------

  get #room() {
    return Math.max(1, Math.min(ROOM, this.#link.room - OVERHEAD));
  }

  /** Clients of this server have come or gone: the others are told once for all of a turn. */
  changed() {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      this.flush();
    });
  }

  /** Tells the others now, before something that may be about these clients. */
  flush() {
    if (!this.#locals.hasChanges) return;
    for (const delta of this.#locals.takeChanges(this.#room)) {
      this.#link.publish(this.#all, bodyOf('delta', delta));
    }
  }

  #sendState(peer) {
    this.flush();
    const parts = this.#locals.parts(this.#room);
    parts.forEach((ids, part) => {
      const state = { ...this.#ownState, part, parts: parts.length, ids };
      this.#link.publish(peer, bodyOf('state', state));
    });
  }

  // ---- what has come -----------------------------------------------------------------------------------

  /** Whether it was for this. */
  take(peer, frame) {
    switch (frame.kind) {
      case 'beat':
        this.#takeBeat(peer, frame);
        return true;
      case 'bye':
        peer.ended = true;
        this.#leave(peer);
        return true;
      case 'delta':
        if (!peer.takeDelta(frame)) this.#ask(peer);
        return true;
      case 'sync':
        this.#sendState(peer);
        return true;
      case 'state':
        this.#takeState(peer, frame);
        return true;
      default:
        if (!peer.isListed) this.#ask(peer); // its sign of life was missed
        return false;
    }
  }

  #takeBeat(peer, frame) {
    const { hello, revision } = frame;
    peer.describe(frame);
    if (hello && peer.isListed) this.#tell('serverBack', peer);
    if (hello) this.#sendState(peer);
    if (peer.lacks(revision)) this.#ask(peer);
    else this.#list(peer);
  }

  #takeState(peer, frame) {
    peer.describe(frame);
    if (!peer.takeState(frame)) return;
    peer.isAsked = false;
    this.#list(peer);
  }

  /** Its clients are known. */
  #list(peer) {
    if (peer.isListed) return;
    peer.isListed = true;
    this.#tell('serverJoin', peer);
  }

  /** Asks for the list, once in a heartbeat. */
  #ask(peer) {
    if (peer.isAsked) return;
    peer.isAsked = this.#link.publish(peer, bodyOf('sync'));
  }

  #leave(peer) {
    const { isListed } = peer;
    this.directory.remove(peer);
    if (isListed) this.#tell('serverLeave', peer);
  }

  /** This server takes part no more. */
  clear() {
    for (const peer of this.directory.peers) this.#leave(peer);
  }
}

module.exports = Members;

'use strict';
// What talks to the native addon for PixivUtil2: controllers, and agents. Used by pixivutil2/controller.js and
// pixivutil2/agent.js. Each event comes in a turn of its own.

const { AtEnd } = require('./at-end');
const { inTurns } = require('./in-turns');
const native = require('./native');
const { setImmediate } = require('../core');

/** An instance of a native class, which calls `take` with each of its events. */
function open(name, take) {
  const { [name]: Class } = native.load();
  const wake = () => {
    const event = opened.next();
    if (event !== null) take(JSON.parse(event));
  };
  const opened = native.start(() => new Class(inTurns(wake)));
  return opened;
}

/** A controller from its start to its end. It keeps the event loop alive while it starts and stops. */
class ControllerLink {
  #native;
  #take;
  /** Takes the outcome of `start` or `stop`. */
  #settle;
  /** Jobs and calls that have not ended. If the process ends first, the agents are told, or they would wait forever. */
  #open = 0;
  #atEnd = new AtEnd(() => this.#tellAll());

  /** `take` gets what happens to agents, see of_event in src/binding/pixivutil2/controller.rs. */
  constructor(take) {
    this.#take = take;
    this.#native = open('PixivController', (event) => {
      if (['started', 'failed', 'stopped'].includes(event.kind)) this.#settle(event);
      else this.#happened(event);
    });
  }

  #happened(event) {
    if (event.kind === 'ffmpeg' || event.kind === 'aria2') this.#count(1);
    this.#take(event);
  }

  #count(change) {
    this.#open += change;
    if (this.#open > 0) this.#atEnd.watch();
    else this.#atEnd.unwatch();
  }

  /** `options`: see PixivControllerOptions there. Resolves with `{endpoints}` or `{error}`. */
  start(options) {
    return this.#wait(() => this.#native.start(options));
  }

  /** Resolves when it has ended. */
  async stop() {
    await this.#wait(() => this.#native.stop());
    this.#native.dispose();
    this.#count(-this.#open);
  }

  /** Ends it, and waits, for at most two seconds, until the agents that wait for a job have been told. */
  #tellAll() {
    this.#native.tellAll();
  }

  #wait(begin) {
    this.keepAlive(true);
    return new Promise((resolve) => {
      this.#settle = (event) => {
        this.keepAlive(false);
        resolve(event);
      };
      begin();
    });
  }

  keepAlive(on) {
    this.#native.keepAlive(on);
  }

  /** Whether jobs of ffmpeg and calls of aria2 are taken. */
  accept(ffmpeg, aria2) {
    this.#native.take(ffmpeg, aria2);
  }

  finish(task, code) {
    this.#native.finish(task, code);
    this.#ended();
  }

  answer(call, code) {
    this.#native.answer(call, code);
    this.#ended();
  }

  /** One more has ended, unless all have, with `stop`. */
  #ended() {
    if (this.#open > 0) this.#count(-1);
  }
}

/** What the agents of this moment share, or null. */
let current = null;

class Agents {
  #native = open('PixivAgents', (done) => this.#settle(done));
  #lastId = 0;
  /** Number of a call -> what takes its outcome. */
  #pending = new Map();
  #connected = 0;

  /** Connects an agent. Resolves with its number as `{call}`, or with `{error}`. */
  async connect(options) {
    this.#connected++;
    const done = await this.#begin((call) => this.#native.connect(call, options));
    if (done.error) this.closed();
    return done;
  }

  /** Has an agent do something. Resolves with `{value}` or `{error}`. */
  call(agent, method, ...args) {
    return this.#begin((call) => this.#native[method](agent, call, ...args));
  }

  /** One of them will not be used any more. */
  closed() {
    this.#connected--;
    this.#end();
  }

  #begin(act) {
    const call = ++this.#lastId;
    return new Promise((resolve) => {
      if (this.#pending.size === 0) this.#native.keepAlive(true);
      this.#pending.set(call, resolve);
      act(call);
    });
  }

  #settle(done) {
    this.#pending.get(done.call)(done);
    this.#pending.delete(done.call);
    if (this.#pending.size === 0) this.#native.keepAlive(false);
    this.#end();
  }

  #end() {
    // The next agent may come at once.
    setImmediate(() => {
      if (this.#connected > 0 || this.#pending.size > 0 || current !== this) return;
      current = null;
      this.#native.dispose();
    });
  }
}

/** See {@link Agents}. */
function agents() {
  current ??= new Agents();
  return current;
}

module.exports = { ControllerLink, agents };

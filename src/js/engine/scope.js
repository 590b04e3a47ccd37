'use strict';
// Where the handlers of a socket or a listener run: a resource of async_hooks of its own, made in the
// scope in which the socket is, so that an AsyncLocalStorage has the store of that moment in them. Made by
// the classes of sockets/; the engine delivers their events in it.

const { core, onDemand, platform, process } = require('../core');
const { AsyncResource } = core('async_hooks');
const { guard, guarded } = require('./guard');
const native = require('./native');

/** Where the event loop delivers events (see turns.js), it enters their scope, too, which costs nothing then. */
const HAS_LOOP = platform !== 'win32' && !process.versions.bun && !process.versions.deno;

/** Those of the addon, by a number each; false without it. */
const scopes = onDemand(() => {
  const { Scopes } = native.engine();
  return HAS_LOOP && Scopes !== undefined ? guard(guarded(() => new Scopes())) : false;
});

class Scope {
  #native = scopes();
  #number = 0;
  #resource = null;
  #ended = false;

  /** `type`: what async_hooks call it. It lasts until `end`. */
  constructor(type) {
    if (this.#native) this.#number = this.#native.open(this, type);
    else this.#resource = new AsyncResource(type, { requireManualDestroy: true });
  }

  /** Makes the event loop deliver an endpoint's events in it. */
  adopt(hub, id) {
    if (this.#native) hub.setScope(id, this.#native, this.#number);
  }

  /** Calls `act` in it. */
  run(act) {
    if (this.#native) this.#native.run(this.#number, act);
    else this.#resource.runInAsyncScope(act);
  }

  /** Nothing will run in it any more. */
  end() {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#native) this.#native.end(this.#number);
    else this.#resource.emitDestroy();
  }
}

module.exports = { Scope };

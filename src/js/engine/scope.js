'use strict';
// Where the handlers of a socket or a listener run: a resource of async_hooks of its own, made in the
// scope in which the socket is, so that an AsyncLocalStorage has the store of that moment in them. Made by
// the classes of sockets/; the engine delivers their events in it.

const { core, platform, process } = require('../core');
const { AsyncResource } = core('async_hooks');
const native = require('./native');

/** Where the event loop delivers events (see turns.js), it enters their scope, too, which costs nothing then. */
const HAS_LOOP = platform !== 'win32' && !process.versions.bun && !process.versions.deno;

class Scope {
  #resource;
  #isNative;
  #ended = false;

  /** `type`: what async_hooks call it. */
  constructor(type) {
    const { Scope: Native } = native.engine();
    this.#isNative = HAS_LOOP && Native !== undefined;
    if (this.#isNative) this.#resource = new Native(this, type);
    else this.#resource = new AsyncResource(type, { requireManualDestroy: true });
  }

  /** Makes the event loop deliver an endpoint's events in it. */
  adopt(hub, id) {
    if (this.#isNative) hub.setScope(id, this.#resource);
  }

  /** Calls `act` in it. */
  run(act) {
    if (this.#isNative) this.#resource.run(act);
    else this.#resource.runInAsyncScope(act);
  }

  /** Nothing will run in it any more. */
  end() {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#isNative) this.#resource.end();
    else this.#resource.emitDestroy();
  }
}

module.exports = { Scope };

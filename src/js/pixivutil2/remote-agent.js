'use strict';
// An agent as its controller sees it: one of its two connections. Made by controller.js.

class RemoteAgent {
  #side;

  constructor(id, side) {
    this.id = id;
    this.identifier = '';
    this.#side = side;
  }

  /** `'Comm'` or `'Task'`. */
  get side() {
    return this.#side;
  }
}

/** The agents that have said something and have not left. */
class RemoteAgents {
  #known = new Map();

  /** Whose event it is, with its name of this moment. */
  of({ kind, id, side, identifier }) {
    const key = side + id;
    const agent = this.#known.get(key) ?? new RemoteAgent(Buffer.from(id, 'hex'), side);
    agent.identifier = identifier;
    if (kind === 'disconnect') this.#known.delete(key);
    // Of one that was never accepted no end is told.
    else if (kind !== 'refused') this.#known.set(key, agent);
    return agent;
  }
}

module.exports = { RemoteAgents };

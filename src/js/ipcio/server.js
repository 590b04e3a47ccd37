'use strict';
// The server of an ipcIO domain: handshakes on the domain's socket, a socket for each client, names,
// deliveries between clients. Made by users of `ferripc/ipcio`.

const { toLimit } = require('../arguments');
const { Channel, Owner } = require('./channel');
const Listener = require('../sockets/listener');
const { ours } = require('../sockets/own-listeners');
const { isTooLong } = require('../sockets/paths');
const { codedError } = require('../errors');
const {
  LONGEST_NAME,
  Reserved,
  NAME_TAKEN,
  NOT_A_MESSAGE,
  decodeInner,
  encode,
  encodeAgain,
} = require('./message');
const { Party, toTime } = require('./party');
const { Peer, newUuid } = require('./peer');
const { Successors } = require('./successors');

/** Deliveries between clients that one client may wait for. */
const MOST_DELIVERIES = 65_536;

/** The longest number of a delivery, in characters. It is kept until the delivery is answered. */
const LONGEST_NUMBER = 256;

/** With more bytes of answers waiting for it, a connection that goes on asking is not read from. */
const MOST_UNREAD = 8 * 1024 * 1024;

class Server extends Party {
  #listener = null;
  #listening = null;
  /** Name -> Client of the server's. From the handshake until the connection ends. */
  #clients = new Map();
  /** Channels of the domain's socket. */
  #visitors = new Set();
  #successors = new Successors();
  /** Delivery -> `{from, to}`, names of clients. */
  #deliveries = new Map();
  #handshakeTimeout;
  #maxConnections;

  /** `options`, `handlers`: see index.d.ts. */
  constructor(options = {}, handlers = {}) {
    super(options, handlers);
    const { handshakeTimeout = 10_000, maxConnections = Infinity } = options;
    this.#handshakeTimeout = toTime(handshakeTimeout, 'options.handshakeTimeout');
    this.#maxConnections = toLimit(maxConnections, 'options.maxConnections');
  }

  /** Listens on the domain's socket. A socket at its place is taken over, dead or not, as in ipcIO. */
  start() {
    if (this.isStarted()) {
      throw new Error(
        `Tried to start IPC server for domain ${this._domain}, that has already started.`,
      );
    }
    const listener = new Listener(new Owner(this, this._path, []), this._framing);
    this.#listener = listener;
    this.#listening = new Promise((resolve, reject) => {
      listener.once('listening', resolve);
      listener.on('error', (error) => {
        if (!listener.listening && this.#listener === listener) this.#listener = null;
        reject(error);
        this._report(error);
      });
      listener.once('close', () =>
        reject(codedError('ERR_SERVER_NOT_RUNNING', 'stopped before it had started')),
      );
    });
    this.#listening.then(
      () => {
        this._log(`listening at ${this._path}`);
        this._publish('listening');
      },
      () => {}, // programs written for ipcIO do not know of it
    );
    listener.on('connection', (socket) => this.#visited(socket));
    listener.maxConnections = this.#maxConnections;
    listener.on('drop', () => {
      const message = `Connection dropped: maxConnections (${this.#maxConnections}) reached`;
      this._report(codedError('ERR_FERRIPC_MAX_CONNECTIONS', message));
    });
    // Where no client's socket can be, the server is of no use: that is an error here, and not with each client.
    const ofClient = `${this._path}.${newUuid()}`;
    listener._listenPath(isTooLong(ofClient) ? ofClient : this._path, 'takeover', 0);
    return this;
  }

  /** Whether `start` was called, and `stop` was not. */
  isStarted() {
    return this.#listener !== null;
  }

  /** Resolves when the server listens; rejects if it cannot, or was not started. */
  async ready() {
    if (this.#listening === null) throw codedError('ERR_SERVER_NOT_RUNNING', 'not started');
    await this.#listening;
  }

  /** Sends what was emitted, closes all connections and removes the sockets' files. */
  async stop() {
    const listener = this.#listener;
    if (listener === null) return;
    this.#listener = null;
    listener._refuse();
    const stopped = new Promise((resolve) => listener.close(resolve));
    const pairs = [...this.#clients.values()].map((client) => client.close());
    const visits = [...this.#visitors].map((visitor) => {
      visitor.mayEnter = false;
      return visitor.channel.close();
    });
    await Promise.all([stopped, ...pairs, ...visits]);
  }

  /** Sends a command to a client. Nothing happens if there is no client of that name. */
  emit(name, command, data, delivery = null) {
    this.#clients.get(name)?.send({ command, data, delivery });
    return this;
  }

  /** Sends a command to all clients but the one that is called `initiator`. */
  broadcast(command, data, initiator = null) {
    this.#toAll(encode({ command, data }), initiator);
    return this;
  }

  #toAll(text, initiator) {
    for (const [name, client] of this.#clients) if (name !== initiator) client.sendText(text);
  }

  // ---- the domain's socket ---------------------------------------------------------------------

  #visited(socket) {
    const visitor = { channel: null, client: null, timer: undefined, mayEnter: true, waits: false };
    visitor.channel = new Channel(this, socket, (message) => {
      this.#asked(visitor, message);
      visitor.channel.holdBack(MOST_UNREAD, visitor.client?.channel);
    });
    this.#visitors.add(visitor);
    this.#limit(visitor);
    const onClose = () => {
      clearTimeout(visitor.timer);
      this.#visitors.delete(visitor);
      const { client } = visitor;
      if (client === null) return;
      // What it has sent on its own socket before is still to be read, even if it has not been accepted there yet.
      if (client.channel !== null) client.channel.socket.end();
      else client.server.close(() => client.channel ?? this.#left(client));
    };
    socket.on('close', ours(onClose));
  }

  /** Ends what has not become a client in time. */
  #limit(visitor) {
    if (this.#handshakeTimeout === 0) return;
    visitor.timer = setTimeout(() => {
      const message = `No handshake within ${this.#handshakeTimeout} ms`;
      visitor.channel.socket.destroy(codedError('ERR_IPCIO_HANDSHAKE_TIMEOUT', message));
    }, this.#handshakeTimeout);
    visitor.timer.unref?.(); // in jsdom it is a number
  }

  #asked(visitor, message) {
    switch (message.command) {
      case Reserved.HANDSHAKE:
        this.#welcome(visitor, message.data);
        break;
      case Reserved.DISCOVER:
        clearTimeout(visitor.timer); // programs may connect for this alone
        visitor.timer = null;
        visitor.channel.send({
          id: message.id,
          command: Reserved.DISCOVER,
          data: { clients: [...this.#clients.keys()], command_handlers: this._commands },
        });
        break;
      case Reserved.BROADCAST: {
        const inner = this.#inner(message, false);
        if (inner !== null) this.#toAll(inner.text, visitor.client?.name);
        break;
      }
      case Reserved.EMIT: {
        const inner = this.#inner(message, visitor.client !== null);
        if (inner !== null) this.#forward(visitor.client, inner, inner.id ?? message.id);
        break;
      }
    }
  }

  /** What is sent within a message, `{id, delivery, text}`; null, and reported, if it is invalid. */
  #inner(message, mayDeliver) {
    const { problem = NOT_A_MESSAGE, id, command, data, ...rest } = decodeInner(message);
    const delivery = mayDeliver ? rest.delivery : null;
    const text = command === undefined ? null : encodeAgain({ command, data, delivery });
    if (text !== null) return { id, delivery, text };
    const what = `${message.command}: no message in it`;
    this._report(codedError('ERR_IPCIO_NOT_A_MESSAGE', what, { number: problem }));
    return null;
  }

  #welcome(visitor, name) {
    if (!visitor.mayEnter) return; // it is being closed
    const isName = typeof name === 'string' && name !== '' && name.length <= LONGEST_NAME;
    const holder = isName ? this.#clients.get(name) : undefined;
    if (holder !== undefined && visitor.client === null && !visitor.waits) {
      visitor.waits = true;
      this.#successors.wait(
        holder,
        () => this.#visitors.has(visitor) && this.#welcome(visitor, name),
      );
      return;
    }
    if (!isName || holder !== undefined || visitor.client !== null) {
      this._log('name refused:', name);
      const id = isName ? name : null;
      visitor.channel.send({ id, command: Reserved.ERROR, data: NAME_TAKEN });
      return;
    }
    const client = new Peer(name, this, visitor.channel);
    visitor.client = client;
    if (visitor.timer === null) this.#limit(visitor); // its name is kept for it from now on
    this.#clients.set(name, client);
    const path = `${this._path}.${client.uuid}`;
    const listener = new Listener(new Owner(this, path, []), this._framing);
    client.server = listener;
    listener._shareWith(this.#listener);
    listener.on('error', (error) => {
      visitor.channel.socket.destroy();
      this._report(error);
    });
    listener.once('listening', () => {
      visitor.channel.send({ id: name, command: Reserved.HANDSHAKE, data: client.uuid });
    });
    listener.maxConnections = 1; // it is for this client alone
    listener.once('connection', (socket) => {
      listener.close();
      if (this.#clients.get(name) !== client) {
        socket.destroy(); // it had left the domain's socket
        return;
      }
      clearTimeout(visitor.timer);
      client.connected(new Channel(this, socket, (message) => this.#said(client, message)));
      const onClose = () => {
        visitor.channel.close();
        this.#left(client);
      };
      socket.on('close', ours(onClose));
      this._publish('connect', client.container);
      if (visitor.channel.socket.closed) socket.end(); // see above
    });
    listener._listenPath(path, 'own', 0); // nobody else has this name: a lock would only be in the way
  }

  #left(client) {
    if (this.#clients.get(client.name) !== client) return;
    this.#clients.delete(client.name);
    this.#successors.left(client);
    client.server.close();
    for (const [delivery, { from, to }] of this.#deliveries) {
      if (to === client)
        this.#fail(from, delivery, 'ERR_IPCIO_DISCONNECTED', `${to.name} has left`);
      else if (from === client) this.#deliveries.delete(delivery);
    }
    if (client.channel === null) return; // it had not come
    client.channel.close();
    this._publish('disconnect', client.container);
  }

  // ---- the socket of a pair --------------------------------------------------------------------

  #said(client, message) {
    if (message.command === Reserved.DELIVER) {
      this.#delivered(client, message);
      return;
    }
    const { delivery } = message;
    const answer = (data, failure) => {
      const text = encode({ command: Reserved.DELIVER, data, delivery, failure });
      return () => client.sendText(text);
    };
    this._handle(message, client.container, delivery === null ? null : answer);
    if (delivery !== null) client.channel.holdBack(MOST_UNREAD);
  }

  // ---- from client to client -------------------------------------------------------------------

  /** `target`: its name, which ipcIO 0.5 has in the outer message. `from`: null, if it has no name yet. */
  #forward(from, { delivery, text }, target) {
    const to = this.#clients.get(target);
    if (delivery === null) {
      to?.sendText(text);
    } else if (String(delivery).length > LONGEST_NUMBER) {
      const what = 'emit: a delivery whose number is too long';
      this._report(codedError('ERR_IPCIO_NOT_A_MESSAGE', what, { number: NOT_A_MESSAGE }));
    } else if (this.#deliveries.has(delivery)) {
      const what = 'emit: a delivery with the number of another one';
      this._report(codedError('ERR_IPCIO_NOT_A_MESSAGE', what, { number: NOT_A_MESSAGE }));
    } else if (to === undefined) {
      this.#fail(from, delivery, 'ERR_IPCIO_UNKNOWN_CLIENT', `No client is called ${target}`);
    } else if (from.waiting >= MOST_DELIVERIES) {
      this.#fail(from, delivery, 'ENOBUFS', `${from.waiting} deliveries are waiting`);
    } else {
      from.waiting++;
      this.#deliveries.set(delivery, { from, to });
      to.sendText(text);
    }
  }

  #delivered(client, { data, delivery, failure }) {
    const { from, to } = this.#deliveries.get(delivery) ?? {};
    if (to !== client) return;
    const text = encodeAgain({ command: Reserved.DELIVER, data, delivery, failure });
    if (text === null) {
      const what = `The feedback of ${client.name} is nested too deeply`;
      this.#fail(from, delivery, 'ERR_IPCIO_NOT_A_MESSAGE', what);
      return;
    }
    this.#deliveries.delete(delivery);
    from.waiting--;
    from.sendText(text);
  }

  #fail(from, delivery, code, message) {
    if (this.#deliveries.delete(delivery)) from.waiting--;
    const failure = { name: 'Error', message, code };
    from.send({ command: Reserved.DELIVER, data: null, delivery, failure });
  }
}

module.exports = Server;

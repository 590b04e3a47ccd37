// Types of `ferripc/scale`: servers of one id, on any number of machines, that behave as one. docs/scale.md says what
// is promised.

import type ferripc = require('../../../index.js');

type IpcSocket = ferripc.IpcSocket;
type RequestOptions = ferripc.RequestOptions;

/**
 * A client of a broker, which carries messages between servers. `nats`, `redis` and `memory` make one; so may your own code.
 * It serves one server, and is closed with its cluster.
 *
 * Messages of one publisher on one subject have to arrive in order. They may be lost, and may arrive twice.
 */
export interface Broker {
  /**
   * Bytes of the longest message; longer ones are refused before they are sent. May change while the broker is away.
   * Default: no limit.
   */
  readonly maxPayload?: number;
  /**
   * Called once, before anything else. Call `onState` with `'up'` when the broker can be used, with `'down'` (and the
   * reason) when it cannot, and with `'up'` when it can again, after all subscriptions are back. Call it with
   * `'error'` for errors that change nothing. Without `watch`, the broker counts as up.
   */
  watch?(onState: (state: BrokerState, error?: unknown) => void): void;
  /**
   * Sends bytes to all subscribers of a subject; the publisher may be one of them. Called only while the broker is up, and never
   * within itself.
   * If it returns a promise, that says when the broker has them; until then, the bytes count towards `maxQueuedBytes`.
   */
  publish(subject: string, bytes: Uint8Array): void | Promise<unknown>;
  /** Called once for each of two subjects. Resolves when the subscription is active. */
  subscribe(subject: string, onMessage: (bytes: Uint8Array) => void): void | Promise<unknown>;
  /** Sends what was published, and ends everything. */
  close(): void | Promise<unknown>;
}

/** See `Broker.watch`. */
export type BrokerState = 'up' | 'down' | 'error';

/** How a server takes part. */
export interface JoinOptions {
  /** The client of the broker that carries messages between the servers. */
  broker: Broker;
  /** Servers of one id are one cluster: 1 to 255 characters. Default: `config.id` of the server, which by default is the host's name. */
  id?: string;
  /** What this server is called in lists and events: 1 to 255 characters. Default: `<host name>-<process id>`. */
  name?: string;
  /** What subjects begin with: letters, digits, `_`, `-`, and single dots between them. Default: `'ferripc'`. */
  prefix?: string;
  /**
   * Called with each message of a client that nobody has given an id yet, before handlers get it. If it returns a
   * string, that is the client's id from then on. If it throws, or returns a promise, that is an `error` event.
   */
  identify?: (socket: IpcSocket, type: string, data: any) => string | null | undefined | false;
  /** ms between two signs of life. Default: 1000. */
  heartbeat?: number;
  /** ms of silence after which the other servers consider this one gone; more than `heartbeat`. Default: 5000. */
  timeout?: number;
  /** ms that `join` waits for the broker; then it rejects with `ETIMEDOUT`. Default: 10000. */
  connectTimeout?: number;
  /** Bytes that may wait until the broker has them; beyond that, messages are dropped with `ENOBUFS`. Default: 64 MiB. */
  maxQueuedBytes?: number;
}

/** A client of a server of the cluster. */
export interface ClusterClient {
  /** Several clients may have the same one. */
  id: string;
  /** The name of its server. */
  server: string;
  /** Whether it is a client of this server. */
  local: boolean;
}

/** A server of the cluster. */
export interface ClusterServer {
  name: string;
  /** How many clients it has. */
  clients: number;
  /** Whether it is this server. */
  local: boolean;
}

/** What a server has counted in a cluster since it joined. */
export interface ClusterStats {
  /** Messages that went to the broker, including those with which servers inform each other. */
  published: number;
  /** Messages of other servers that came. */
  received: number;
  /** Messages that came a second time, and were ignored. */
  duplicates: number;
  /** Messages of other servers that the broker did not deliver, according to their numbers. */
  missed: number;
  /** Bytes that the broker has not confirmed. */
  bytesQueued: number;
  /** Messages that were dropped, as in `stats()` of a server. */
  dropped: {
    /** For other servers while the broker was away, or for a client that is not there. */
    down: number;
    /** Beyond `maxQueuedBytes`. */
    full: number;
    /** Longer than the broker takes. */
    tooLarge: number;
    /** The broker's client did not accept it, or did not hear that the broker has it. */
    failed: number;
    /** Came from the broker, but is not a message between servers. */
    invalid: number;
  };
}

/** Events and their arguments. What handlers throw is an uncaught exception. */
export interface ClusterEvents {
  /** The broker can be reached again. */
  up: [];
  /** The broker cannot be reached. */
  down: [error: unknown];
  /** A server takes part, and its clients are known. */
  serverJoin: [server: ClusterServer];
  /** A server has left, or is silent. Its clients are gone already. */
  serverLeave: [server: ClusterServer];
  /** A client has joined, or has this id from now on. */
  clientJoin: [client: ClusterClient];
  /** A client has left, or has another id from now on. */
  clientLeave: [client: ClusterClient];
  /**
   * A message was not sent, or something else has failed. Codes: `ERR_FERRIPC_MESSAGE_TOO_LARGE`, `ENOBUFS`, `ENOTCONN` (once,
   * when the first message is lost while the broker is away), and those of the broker's client. Nothing is thrown if nobody listens.
   */
  error: [error: any];
  /** The cluster was left. */
  close: [];
}

/** One server's part in a cluster. */
export interface Cluster {
  /** The name of this server. */
  readonly name: string;
  /** Whether the broker can be reached. */
  readonly isUp: boolean;

  /**
   * Sends a message to all clients of all servers. Clients of this server get it in any case, unless it is too long for the
   * broker: then nobody does.
   * @returns whether all clients of this server are below the high-water mark, and the broker was given the message
   * @throws {TypeError} for data that JSON cannot express
   */
  broadcast(type: string, data?: unknown): boolean;

  /**
   * Sends a message to the clients with this id, wherever they are.
   * @returns `false` if there is no such client, if the message was dropped, or if you should wait for `drain` of a client of this server
   * @throws {TypeError} for what cannot be an id, and data that JSON cannot express
   */
  emit(id: string, type: string, data?: unknown): boolean;

  /**
   * Asks the client with this id, wherever it is. Of several, it asks a client of this server, or else the one that it heard of last. Answers and errors are those
   * of `server.request`. Besides, it rejects with `ENOTCONN` if there is no such client or the broker is away, with `ECONNRESET`
   * if the client, its server or the broker goes away before it has answered, and with `ERR_FERRIPC_MESSAGE_TOO_LARGE`.
   */
  request(id: string, type: string, data?: unknown, options?: RequestOptions): Promise<any>;

  /** All clients of all servers, as far as this server knows. */
  clients(): ClusterClient[];

  /** All servers that this one knows, itself first. */
  servers(): ClusterServer[];

  /**
   * Gives a client of this server an id, in place of the one that it has. Several clients may have the same.
   * @returns `false` if it has disconnected already
   * @throws {TypeError} for what is not a socket of this server, or not a string of 1 to 1024 characters
   */
  identify(socket: IpcSocket, id: string): boolean;

  /**
   * The id of a client of this server. A client that was not given one has a generated id. `undefined` when it has
   * disconnected.
   */
  idOf(socket: IpcSocket): string | undefined;

  /** A copy of the counters. */
  stats(): ClusterStats;

  /**
   * Leaves, and closes the broker's client. The server and its clients stay. A server that has ended leaves by itself.
   */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;

  /** Handlers may be added for `'*'`, too, which get the event's name first. */
  on<E extends keyof ClusterEvents>(event: E, handler: (...args: ClusterEvents[E]) => void): this;
  once<E extends keyof ClusterEvents>(event: E, handler: (...args: ClusterEvents[E]) => void): this;
  off<E extends keyof ClusterEvents>(
    event: E,
    handler?: ((...args: ClusterEvents[E]) => void) | '*',
  ): this;
  removeListener<E extends keyof ClusterEvents>(
    event: E,
    handler: (...args: ClusterEvents[E]) => void,
  ): this;
}

/**
 * Makes `server` take part in the cluster of its id. It may already be listening, or start later.
 *
 * Resolves when the broker is up; the others become known within moments, see `serverJoin`. Rejects with a TypeError for wrong
 * arguments and unknown options, with `ETIMEDOUT` if the broker does not come up in time, and with the error of its client if a
 * subscription fails.
 */
export function join(server: ferripc.Server<any, any>, options: JoinOptions): Promise<Cluster>;

/** Options of `nats`: those of `connect` of `@nats-io/transport-node`, except for those about connecting again. */
export interface NatsOptions {
  /** `host:port` of one or several NATS servers. Default: `'127.0.0.1:4222'`. */
  servers?: string | string[];
  [option: string]: unknown;
}

/**
 * A client of NATS. Needs the package `@nats-io/transport-node` 3.
 * @throws {TypeError} for options that cannot be honoured
 * @throws {Error} `MODULE_NOT_FOUND` without the package
 */
export function nats(options?: NatsOptions): Broker;

/** Options of `redis`: those of `ioredis`, except for those about connecting again. */
export interface RedisOptions {
  /** `redis://host:port`. Default: `host` and `port`, and without these port 6379 of this machine. */
  url?: string;
  /** Bytes of the longest message. Default: 16 MiB, since Redis disconnects subscribers for which 32 MiB wait. */
  maxPayload?: number;
  [option: string]: unknown;
}

/**
 * A client of Redis or Valkey. Needs the package `ioredis` 5 or 6.
 * @throws {TypeError} for options that cannot be honoured
 * @throws {Error} `MODULE_NOT_FOUND` without the package
 */
export function redis(options?: RedisOptions): Broker;

/** A broker within one process, of which `memory` makes clients. */
export class Hub {
  /** Whether it is up. */
  readonly isUp: boolean;
  /** As if the broker's process had ended. */
  stop(): void;
  /** As if it had been started again. */
  start(): void;
}

/** Options of `memory`. */
export interface MemoryOptions {
  /** Default: one for the whole process. */
  hub?: Hub;
  /** Bytes of the longest message. Default: no limit. */
  maxPayload?: number;
}

/**
 * A client of a broker within this process: for tests, and as an example of a broker's client.
 * @throws {TypeError} for a `hub` that is not one, and for unknown options
 */
export function memory(options?: MemoryOptions): Broker;

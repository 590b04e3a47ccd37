// Types of `ferripc/ipcio`: the server and the client of ipcIO 0.4, 0.5 and 0.6.
//
// Both take a map of their commands, which checks handlers, and one of the other side's, which checks calls:
//
//   type OfServer = { sum: [number, number] };
//   type OfClients = { progress: string };
//   const server = new Server<OfServer, OfClients>({}, { sum: ({ data: [a, b] }) => a + b });
//   const client = new Client<OfClients, OfServer>({}, { progress: ({ data }) => data.length });
//   client.send('sum', [1, 2]);
//   server.broadcast('progress', 'all is well');

import type { Server as NetServer, Socket as NetSocket } from 'node:net';

/** Data by command. Any data with any command, if no map is given. */
export type CommandMap = Record<string, any>;

/** Names of the commands of a map. */
export type CommandOf<C extends CommandMap> = string & keyof C;

/** A socket of ipcIO: a `net.Socket` that can also send commands. */
export interface CommandSocket extends NetSocket {
  /**
   * Sends a command to the peer.
   * @param callback called when the system has taken it, or with an error if it cannot
   * @returns whether the caller may go on at once; `false` if much waits to be sent
   */
  writeCommand(command: string, data?: unknown, callback?: (error?: Error | null) => void): boolean;
}

/** What handlers get. */
export interface Container<Data = any> {
  data: Data;
  /** Names the connection: 32 hexadecimal digits. */
  uuid: string;
  /** The client's name, on both sides. */
  name: string;
  /** The socket between this client and the server. */
  socket: CommandSocket;
  /** On the server, the `net.Server` that accepted the socket. On a client `null`. */
  server: NetServer | null;
}

/**
 * Called with `this` set to the server or client. What it returns, or what its promise resolves to, answers
 * `deliver`. If it throws, `deliver` is rejected; for anything else, that is an uncaught exception.
 */
export type Handler<Data = any, This = any> = (this: This, container: Container<Data>) => unknown;

/** Handlers by command. */
export type Handlers<C extends CommandMap = CommandMap, This = any> = {
  [K in CommandOf<C>]?: Handler<C[K], This>;
};

/** Options of servers and clients. */
export interface Options {
  /** Prints what happens on standard output. Default: `false`. */
  verbose?: boolean;
  /** Clients and servers of one domain meet. Default: `'default'`. */
  domain?: string;
  /** How messages are written. ipcIO reads UTF-8 only. Default: `'utf8'`. */
  encoding?: BufferEncoding;
  /**
   * The folder of the socket files `IPC.io.<domain>` and `IPC.io.<domain>.<uuid>`. ipcIO itself has no such
   * option. Default: `'/tmp/'`.
   */
  socketRoot?: string;
  /** The longest message that is received, in bytes; a longer one is an `error`. Default: 512 MiB. */
  maxMessageBytes?: number;
  /**
   * Most bytes of unfinished messages that all connections of a server may hold together; beyond that, the one that
   * holds most is closed. Default: 1 GiB.
   */
  maxBufferedBytes?: number;
  /** Most bytes that wait to be sent; further messages are refused with `ENOBUFS`. Default: 1 GiB. */
  maxQueuedBytes?: number;
  /**
   * How long a closing connection that still has something to send waits for a peer that reads nothing, in ms.
   * Default: 2000.
   */
  linger?: number;
  /**
   * The first message of at least this length, in bytes, causes a process warning: peers with the original ipcio lose it.
   * Default: 65536. `Infinity` says that all peers run ferripc: then a burst does not wait until its peer has read.
   */
  warnAtBytes?: number;
}

export interface ServerOptions extends Options {
  /**
   * A connection that does not become a client in this time, in ms, is closed. 0: never. Default: 10000.
   */
  handshakeTimeout?: number;
  /**
   * Most connections to the domain's socket, of clients and of peers that have not become one. Further ones are closed, and
   * an `error` with the code `ERR_FERRIPC_MAX_CONNECTIONS` follows. A client takes two descriptors. ipcIO has no limit.
   * Default: `Infinity`.
   */
  maxConnections?: number;
}

export interface ClientOptions extends Options {
  /** Name of the client. It must be the only one in its domain, and have at most 32,768 characters. Default: 32 random hexadecimal digits. */
  name?: string;
  /** Time from the end of a connection, or a failed attempt, to the next attempt, in ms. Default: 2000. */
  reconnectDelay?: number;
}

/** What went wrong. `number` is ipcIO's error number, where it has one: 101, 102 or 201. */
export interface IpcioError extends Error {
  code?: string;
  number?: number;
}

/** What servers and clients have in common. */
export interface Party<C extends CommandMap = CommandMap> {
  /** Whether what happens is printed. */
  verbose: boolean;
  /**
   * Adds handlers, at any time.
   * @throws {Error} for values that are not functions, commands that have a handler, and the commands
   *   `handshake`, `discover`, `broadcast`, `emit`, `deliver` and `error`
   */
  addHandlers(handlers: Handlers<C, this>): this;
}

/** Events of a server and their arguments. */
export interface ServerEvents {
  listening: [];
  /** A client has connected. */
  connect: [container: Omit<Container, 'data'>];
  /** A client's connection has ended. */
  disconnect: [container: Omit<Container, 'data'>];
  /** Nothing is thrown if nobody listens. */
  error: [error: IpcioError];
}

/** A server of a domain, with the commands `C`; those of its clients are `P`. Nothing happens before `start`. */
export class Server<
  C extends CommandMap = CommandMap,
  P extends CommandMap = CommandMap,
> implements Party<C> {
  constructor(options?: ServerOptions, handlers?: Handlers<C, Server<C, P>>);
  verbose: boolean;
  addHandlers(handlers: Handlers<C, this>): this;

  /**
   * Listens. A socket file in its place is taken over, whether its server lives or not, as in ipcIO.
   * @throws {Error} if it has started already
   */
  start(): this;
  /** Whether `start` was called, and `stop` was not called after it. */
  isStarted(): boolean;
  /** Resolves when the server listens. Rejects with the system's error if it cannot. */
  ready(): Promise<void>;
  /** Sends what was emitted, closes all connections, removes the socket files. */
  stop(): Promise<void>;

  /** Sends a command to the client `name`. Nothing happens if there is none. */
  emit<K extends CommandOf<P>>(
    name: string,
    command: K,
    data?: P[K],
    delivery?: string | null,
  ): this;
  /** Sends a command to all clients, except the one that is called `initiator`. */
  broadcast<K extends CommandOf<P>>(command: K, data?: P[K], initiator?: string | null): this;

  on<E extends keyof ServerEvents>(event: E, listener: (...args: ServerEvents[E]) => void): this;
  once<E extends keyof ServerEvents>(event: E, listener: (...args: ServerEvents[E]) => void): this;
  off<E extends keyof ServerEvents>(event: E, listener: (...args: ServerEvents[E]) => void): this;
  addListener<E extends keyof ServerEvents>(
    event: E,
    listener: (...args: ServerEvents[E]) => void,
  ): this;
  removeListener<E extends keyof ServerEvents>(
    event: E,
    listener: (...args: ServerEvents[E]) => void,
  ): this;
}

/** What a server says about itself. */
export interface Discovery {
  /** Names of all clients. */
  clients: string[];
  /** Commands for which the server has handlers. */
  command_handlers: string[];
}

export interface DeliverOptions {
  /** Rejects with `ERR_IPCIO_TIMEOUT` after this time without an answer, in ms. 0: never. Default: 0. */
  timeout?: number;
}

/** Events of a client and their arguments. */
export interface ClientEvents {
  /** There is a connection, again after each reconnection. */
  connect: [];
  /** The connection has ended; the client will connect again. */
  disconnect: [];
  /** Nothing is thrown if nobody listens. */
  error: [error: IpcioError];
}

/** A promise on which the client's methods can be called too, as ipcIO 0.4 returns the client itself. */
export type Chained<
  T,
  C extends CommandMap = CommandMap,
  P extends CommandMap = CommandMap,
> = Promise<T> &
  Pick<
    Client<C, P>,
    'addHandlers' | 'broadcast' | 'deliver' | 'disconnect' | 'discover' | 'emit' | 'send'
  >;

/**
 * A client of a domain, with the commands `C`; those of its server are `P`. Nothing happens before `connect`, but
 * commands may be sent: they wait.
 */
export class Client<
  C extends CommandMap = CommandMap,
  P extends CommandMap = CommandMap,
> implements Party<C> {
  constructor(options?: ClientOptions, handlers?: Handlers<C, Client<C, P>>);
  verbose: boolean;
  addHandlers(handlers: Handlers<C, this>): this;

  /** Whether there is a connection. */
  isConnected(): boolean;
  /** Whether there is a connection, or will be. */
  isStarted(): boolean;
  /**
   * Connects, and again whenever the connection ends. Resolves with the first connection; rejects with
   * `ERR_IPCIO_NAME_TAKEN`, or with `ERR_IPCIO_DISCONNECTED` if `disconnect` comes first.
   * @throws {Error} if it is connected or connecting
   */
  connect(): Chained<this, C, P>;
  /**
   * Finishes sending, and closes. Everything that waits for a connection or for an answer is rejected with
   * `ERR_IPCIO_DISCONNECTED`.
   */
  disconnect(): Promise<void>;

  /**
   * Sends a command to the server, or keeps it until there is a connection. Resolves when it has been handed
   * over, or, while 256 KiB or more wait, when the system has taken it; rejects with `ENOBUFS` if too much waits.
   */
  send<K extends CommandOf<P>>(command: K, data?: P[K], delivery?: string | null): Promise<void>;
  /** As `send`: the form of ipcIO 0.4. To send to a client without data, as in 0.5 and 0.6, write `emit(name, command, null)`. */
  emit<K extends CommandOf<P>>(command: K, data?: P[K]): Chained<void, C, P>;
  /** Sends a command to the client `name`, by way of the server. Resolves as `send` does. */
  emit(name: string, command: string, data: unknown): Promise<void>;
  /** Sends a command to all other clients, by way of the server. Resolves as `send` does. */
  broadcast(command: string, data?: unknown): Promise<void>;
  /** Asks the server for its clients and commands. */
  discover(): Promise<Discovery>;

  /**
   * Sends a command to the server, and resolves with what its handler returns (`null` without a handler).
   * Rejects with what the handler throws, with `ERR_IPCIO_TIMEOUT`, or with `ERR_IPCIO_DISCONNECTED` if the
   * connection ends before the answer has come.
   *
   * If the third argument is an object with only a `timeout`, it is taken as options.
   */
  deliver<T = any, K extends CommandOf<P> = CommandOf<P>>(
    command: K,
    data?: P[K],
    options?: DeliverOptions,
  ): Promise<T>;
  /** The same to the client `name`; `null`: to the server. Rejects with `ERR_IPCIO_UNKNOWN_CLIENT` if there is none. */
  deliver<T = any>(
    name: string | null,
    command: string,
    data: unknown,
    options?: DeliverOptions,
  ): Promise<T>;

  on<E extends keyof ClientEvents>(event: E, listener: (...args: ClientEvents[E]) => void): this;
  once<E extends keyof ClientEvents>(event: E, listener: (...args: ClientEvents[E]) => void): this;
  off<E extends keyof ClientEvents>(event: E, listener: (...args: ClientEvents[E]) => void): this;
  addListener<E extends keyof ClientEvents>(
    event: E,
    listener: (...args: ClientEvents[E]) => void,
  ): this;
  removeListener<E extends keyof ClientEvents>(
    event: E,
    listener: (...args: ClientEvents[E]) => void,
  ): this;
}

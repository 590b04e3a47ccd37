// Types of `ferripc/appview`: the client and the server of AppView's and AppScope's IPC, on Linux.

import type { EventEmitter } from 'node:events';

/** Whether the system has message queues. On systems other than Linux, both constructors throw `ENOTSUP`. */
export const isSupported: boolean;

/** Numbers of the commands. */
export const Command: {
  readonly GetSupportedCommands: 0;
  readonly GetStatus: 1;
  readonly GetConfig: 2;
  readonly SetConfig: 3;
  readonly GetTransportStatus: 4;
  readonly GetProcessDetails: 5;
};

/** Statuses of frames and of answers. */
export const Status: {
  readonly Ok: 200;
  /** Status of a frame: more follow. */
  readonly Partial: 206;
  /** The request was not understood. */
  readonly BadRequest: 400;
  /** The request could not be carried out. */
  readonly ServerError: 500;
  /** There is no such command. */
  readonly NotImplemented: 501;
};

/** What every answer has. */
export interface Answer {
  status: number;
}

export interface CommandName {
  id: number;
  name: string;
}

/** Answer to command 0. AppScope has `commands_scope`. */
export interface SupportedCommands extends Answer {
  commands_meta: CommandName[];
  commands_appview?: CommandName[];
  commands_scope?: CommandName[];
}

/** Answer to command 1. AppScope has `scoped`. */
export interface ViewStatus extends Answer {
  viewed?: boolean;
  scoped?: boolean;
}

/** Answer to command 2. */
export interface ConfigAnswer<Config = any> extends Answer {
  cfg: { current: Config };
}

/** Where a process sends its data. */
export interface Interface {
  /** `log`, `payload`, `cribl`, `events` or `metrics`. */
  name: string;
  /** Such as `tcp://127.0.0.1:9109`. */
  config: string;
  connected: boolean;
  /** If it is not connected: how often it has tried to connect. */
  attempts?: number;
  /** If it is not connected: why. */
  failure_details?: string;
}

/** Answer to command 4. */
export interface TransportStatus extends Answer {
  interfaces: Interface[];
}

/** Which process it is. */
export interface Details {
  pid: number;
  uuid: string;
  id: string;
  machine_id: string;
}

/** Answer to command 5. */
export interface ProcessDetails extends Answer, Details {}

/** What `inspect` resolves with. */
export interface Inspection<Config = any> {
  cfg: { current: Config };
  interfaces: Interface[];
  process: Details;
}

/** What any request resolves with. */
export interface Response<Body = any> {
  /** Status of the frames: 200, or why there is no body. */
  metaStatus: number;
  /** Status of the answer; the status of the frames if the answer has none. */
  status: number;
  /** The answer. `null`: the frames were refused. */
  body: Body | null;
}

/** An answer whose status is not 200. */
export interface StatusError extends Error {
  code: 'ERR_APPVIEW_STATUS';
  command: number;
  status: number;
  metaStatus: number;
  body: any;
}

/** Another property is refused: `ERR_INVALID_ARG_VALUE`. */
export interface ClientOptions {
  /** What the queues' names begin with: `AppViewIPC`, or `ScopeIPC` for AppScope. Default: `'AppViewIPC'`. */
  prefix?: string;
  /**
   * How long each step may take, in ms: waiting for free queues, for a frame to be taken, and for the next one to
   * arrive. Default: 200.
   */
  timeout?: number;
  /** Bytes of a frame; the system has to allow that many. Default: 8192. */
  msgsize?: number;
  /** The longest response; a longer one is `EMSGSIZE`. Default: 64 MiB. */
  maxResponseBytes?: number;
  /**
   * Removes queues that a killed program left behind, instead of failing with `EEXIST`: those that are still there
   * after `timeout`. Default: `false`.
   */
  replaceStale?: boolean;
  /** The default for `request`'s option `throwOnStatus`. Default: `false`. */
  throwOnStatus?: boolean;
}

export interface RequestOptions {
  /** Rejects with a {@link StatusError} if the status is not 200. Default: the client's setting. */
  throwOnStatus?: boolean;
}

/**
 * Asks a process. Requests are made one after the other. Their queues are removed afterwards: after an answer, an
 * error, a timeout, `process.exit()`, an uncaught exception, and SIGINT, SIGTERM, SIGHUP and SIGQUIT.
 *
 * All methods reject with a system error: `EEXIST`: another program is talking to the process, or has left its queues
 * behind; `ETIMEDOUT`: the process does not take the request, or does not answer, as the message says; `EBADMSG`: what
 * comes is not a response; `EMSGSIZE`: it is over `maxResponseBytes`, or `msgsize` has no room for data; `EMFILE`: the
 * user has no more queues (four conversations at a time, usually); `EINVAL`: `msgsize` is more than the system allows.
 * All but `request` reject with a {@link StatusError} if the status is not 200.
 */
export class AppViewClient<Config = any> {
  /**
   * @param pid the process id, as seen from here. A process in a pid or IPC namespace of its own is found, too, if this
   *   process may enter the namespace
   * @throws `ENOTSUP` elsewhere than on Linux
   */
  constructor(pid: number, options?: ClientOptions);
  readonly pid: number;

  /** Which commands the process has. */
  supportedCommands(): Promise<SupportedCommands>;
  /** Whether the process is being viewed. */
  status(): Promise<ViewStatus>;
  /** Its configuration. */
  config(): Promise<ConfigAnswer<Config>>;
  /** Changes its configuration. */
  setConfig(cfg: Config): Promise<Answer>;
  /** Where it sends its data, and whether that works. */
  transportStatus(): Promise<TransportStatus>;
  /** Which process it is. */
  processDetails(): Promise<ProcessDetails>;
  /** Configuration, transports and process, by three requests. */
  inspect(): Promise<Inspection<Config>>;
  /**
   * Any command, of 32 bits.
   * @param fields what the request has besides `req`
   */
  request<Body = any>(
    command: number,
    fields?: object,
    options?: RequestOptions,
  ): Promise<Response<Body>>;
}

/** Another property is refused: `ERR_INVALID_ARG_VALUE`. */
export interface ServerOptions {
  /** Id of the process that it speaks for, as seen from that process. Default: this process. */
  pid?: number;
  /** What the queues' names begin with. Default: `'AppViewIPC'`. */
  prefix?: string;
  /**
   * Time between two checks for a request, in ms, where the system does not tell of new queues: see docs/appview.md.
   * AppView's command line may give up after 2.5. Above 1000 it counts as 1000. Default: 1.
   */
  pollMs?: number;
  /** How long a handler may take, in ms. Then the status is 500. Default: 2000. */
  handlerTimeout?: number;
}

/** What a server publishes. Properties that are left out stay as they are. */
export interface Published<Config = any> {
  /** Whether the process is being viewed. At first `false`. */
  viewed?: boolean;
  /** The configuration, or an object whose `current` it is. At first `{}`. */
  cfg?: Config | { current: Config };
  /** Where the process sends what. At first none. */
  interfaces?: Interface[];
  /** Which process it is. At first the server's `pid`, and empty texts. */
  details?: Partial<Details>;
}

/**
 * Gets a request, with its `req`, and returns the answer, or a promise of it. Without a `status`, the answer gets
 * 200.
 */
export type Handler = (request: any) => object | void | Promise<object | void>;

/** Events of a server and their arguments. */
export interface ServerEvents<Config = any> {
  /**
   * A new configuration. It was answered with 200 already. (500 where 64 wait for a busy JavaScript thread.) `config`
   * still answers with what was published.
   */
  setConfig: [cfg: Config];
  /** The error of a handler that threw; its command was answered with status 500. Nothing is thrown if nobody listens. */
  error: [error: Error];
}

/**
 * A process that can be asked. A native thread answers what was published, at once, whatever the JavaScript thread
 * does. A server keeps the process alive from `start` to `stop`.
 */
export class AppViewServer<Config = any> extends EventEmitter {
  /** @throws `ENOTSUP` elsewhere than on Linux */
  constructor(options?: ServerOptions);
  /** Whether it answers. */
  readonly started: boolean;

  /** Sets what is answered, now and after `start`. */
  publish(parts: Published<Config>): this;
  /**
   * Answers a command of the program's own, from 6 on or negative. A handler that throws answers with status 500.
   * @param name its name in `supportedCommands`. Default: the function's name, or `command<n>`
   */
  handle(command: number, handler: Handler, name?: string): this;
  /** Starts to answer. @throws `EADDRINUSE` if this process has another such server */
  start(): this;
  /** Stops. Commands that still wait for a handler are answered with status 500. */
  stop(): this;
  /** Keeps the process alive again. */
  ref(): this;
  /** Does not keep the process alive. */
  unref(): this;

  on<E extends keyof ServerEvents>(
    event: E,
    listener: (...args: ServerEvents<Config>[E]) => void,
  ): this;
  once<E extends keyof ServerEvents>(
    event: E,
    listener: (...args: ServerEvents<Config>[E]) => void,
  ): this;
  off<E extends keyof ServerEvents>(
    event: E,
    listener: (...args: ServerEvents<Config>[E]) => void,
  ): this;
  addListener<E extends keyof ServerEvents>(
    event: E,
    listener: (...args: ServerEvents<Config>[E]) => void,
  ): this;
  removeListener<E extends keyof ServerEvents>(
    event: E,
    listener: (...args: ServerEvents<Config>[E]) => void,
  ): this;
}

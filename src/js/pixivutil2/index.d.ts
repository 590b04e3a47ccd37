// Types of `ferripc/pixivutil2`: the controller of PixivUtil2 and its agent, over ZeroMQ.

import type { EventEmitter } from 'node:events';

/** Where an agent finds its controller, and what it is called. */
export interface IpcOption {
  /** `'PixivUtil2'` if the option does not say. */
  identifier: string;
  /** Where notifications go, such as `tcp://localhost:4048`. */
  comm: string;
  /** Where jobs go. */
  task: string;
}

/**
 * Reads the option of PixivUtil2: `--ipc=<comm>|<task>`, `--pipe=<identifier>|<comm>|<task>`, either name with either
 * form, or the value alone, with quotes around it or not.
 * @throws {TypeError} `ERR_INVALID_ARG_VALUE`, which says what is wrong with it
 */
export function parseIpcOption(option: string): IpcOption;

/** What happened to an image. */
export const DownloadResult: {
  readonly NOT_OK: -1;
  readonly OK: 0;
  readonly SKIP_OLDER: 1;
  readonly SKIP_BLACKLIST: 2;
  readonly KEYBOARD_INTERRUPT: 3;
  readonly SKIP_DUPLICATE: 4;
  readonly SKIP_LOCAL_LARGER: 5;
  readonly CHECK_DOWNLOAD: 6;
  readonly SIZE_LIMIT_LARGER: 7;
  readonly SIZE_LIMIT_SMALLER: 8;
  readonly SKIP_DUPLICATE_NO_WAIT: 9;
  readonly ABORTED: 9999;
};

/** `'OK'`, `'ABORTED'` and the like. */
export type DownloadResultName = keyof typeof DownloadResult;

/** Which of the two sockets: notifications, or jobs. */
export type Side = 'Comm' | 'Task';

/** An agent as its controller sees it: one of its two connections, and the same object as long as that lasts. */
export interface RemoteAgent {
  /** The identity of the connection: the agent's own, or five bytes of which the first is 0. */
  readonly id: Buffer;
  /** What the agent calls itself; `''` before its handshake. Several may have the same name. */
  readonly identifier: string;
  readonly side: Side;
}

/** Limits for the sockets of controllers and agents. Unknown properties are refused: `ERR_INVALID_ARG_VALUE`. */
export interface SocketOptions {
  /** The longest message that is read, in bytes. A peer that sends a longer one is disconnected. Default: 16 MiB. */
  maxMessageBytes?: number;
  /** How long the handshake of a connection may take, in ms. Default: 10 000. */
  connectionTimeout?: number;
  /** Silence after which a peer is asked whether it is there, in ms; 0: never. Default: 0. */
  heartbeatInterval?: number;
  /** How long its answer may take, in ms. Default: 10 000. */
  heartbeatTimeout?: number;
}

/** How ffmpeg is run. */
export interface FfmpegOptions {
  /** The program. Default: `'ffmpeg'`, from the `PATH`. */
  path?: string;
  /** Arguments that come before the agent's. Default: none. */
  args?: readonly string[];
  /** Where it runs. Default: the working directory. */
  cwd?: string;
  /** Its environment. Default: that of the process. */
  env?: NodeJS.ProcessEnv;
  /** What happens to its output: `'ignore'` or `'inherit'`. It has no input. Default: `'ignore'`. */
  stdio?: 'ignore' | 'inherit';
  /** How long it may go on after SIGTERM before it gets SIGKILL, in ms. Default: 2000. */
  killTimeout?: number;
}

export interface ControllerOptions extends SocketOptions {
  /** Where notifications arrive: `tcp://ADDRESS:PORT`, `ipc:///PATH`, `ipc://@NAME`. Default: `tcp://127.0.0.1:6974`. */
  comm?: string;
  /** Where jobs arrive. Default: `tcp://127.0.0.1:7469`. */
  task?: string;
  /** How agents are refused. PixivUtil2 takes `'Error'` for success; `'ERROR'` makes it stop. Default: `'Error'`. */
  refusal?: 'Error' | 'ERROR';
  /**
   * Runs ffmpeg for agents, which then read and write whatever files this process can: only for agents that you trust.
   * `onFfmpeg` replaces it. Default: `false`.
   */
  ffmpeg?: boolean | FfmpegOptions;
  /** Jobs at a time; the others wait, and agents take turns. Default: the number of processors with `ffmpeg`, otherwise no limit. */
  maxParallelTasks?: number;
  /**
   * Jobs and calls that have not ended. Further ones are answered with -1, and so are those of an agent that has more
   * than are free. Default: 1024.
   */
  maxTasks?: number;
  /**
   * Bytes of events that wait for a busy JavaScript thread, and bytes of the arguments of unfinished jobs. Beyond that,
   * messages are refused, and so are those of an agent that holds more than is free. Default: 64 MiB each.
   */
  maxQueuedBytes?: number;
  /** Connections at a time, on each socket. Default: 1024. */
  maxConnections?: number;
  /**
   * Bytes of unfinished messages that all agents may hold together, on each socket; beyond that, the one that holds
   * most is disconnected. Default: 256 MiB.
   */
  maxBufferedBytes?: number;
}

/** About a job. */
export interface Job {
  /** Its number, which the agent knows. */
  readonly task: number;
  /** Aborted by `stop()`. */
  readonly signal: AbortSignal;
}

/**
 * Does a job of ffmpeg: `args` as the agent has sent them, without the program. Returns the exit code (32 bits), or a
 * promise of it; returning nothing means 0. If it throws, the code is 1.
 */
export type FfmpegHandler = (
  args: string[],
  agent: RemoteAgent,
  job: Job,
) => number | void | Promise<number | void>;

/** Adds `text` to the input file `file` of aria2, and runs that. Returns an error code, as above. */
export type Aria2Handler = (
  file: string,
  text: string,
  agent: RemoteAgent,
) => number | void | Promise<number | void>;

/** A message that was refused. */
export interface RefusedError extends Error {
  /** The second: ferripc could not handle it, by a fault of its own. */
  code: 'ERR_PIXIVUTIL2_REFUSED' | 'ERR_FERRIPC_INTERNAL';
  agent: RemoteAgent;
  /** In upper case; `''` if there is none. */
  group: string;
  reason: string;
}

/** Events of a controller and their arguments. Agents were answered before. */
export interface ControllerEvents {
  /** An agent has introduced itself, on one of its sockets. */
  handshake: [agent: RemoteAgent, side: Side];
  /** How many images will come. */
  total: [agent: RemoteAgent, count: number];
  /** An image is done. `name` is `undefined` for a result that is not known. */
  download: [
    agent: RemoteAgent,
    imageId: bigint,
    result: number,
    name: DownloadResultName | undefined,
  ];
  /** The text for the title of a terminal. */
  title: [agent: RemoteAgent, title: string];
  /** Something went wrong in the agent. */
  'error-report': [agent: RemoteAgent, details: string, stack: string];
  /** The agent has changed its name; the name was `former`. */
  ident: [agent: RemoteAgent, former: string];
  /** A connection of an agent has ended. Its jobs go on. */
  disconnect: [agent: RemoteAgent, side: Side];
  /**
   * A message was refused ({@link RefusedError}), ffmpeg could not be started (Node's error), or a handler of jobs has
   * thrown. Nothing is thrown if nobody listens.
   */
  error: [error: Error];
}

type On<Self> = <E extends keyof ControllerEvents>(
  event: E,
  listener: (...args: ControllerEvents[E]) => void,
) => Self;

/**
 * The program that starts PixivUtil2. A native thread answers agents, whatever the JavaScript thread does. It keeps
 * the process alive from `start` to `stop`.
 */
export class Controller extends EventEmitter {
  constructor(options?: ControllerOptions);
  /** Where it listens, with the ports that the system has chosen; `null` if it does not. */
  readonly endpoints: { comm: string; task: string } | null;

  /**
   * `'<identifier>|<comm>|<task>'`: what an agent on this machine is given as `--pipe=` or `--ipc=`.
   * @param identifier default: `'PixivUtil2'`
   * @throws `ERR_PIXIVUTIL2_NOT_STARTED` if the system has yet to choose a port
   */
  ipcOption(identifier?: string): string;
  /** Does jobs of ffmpeg. Without a handler they are answered with -1. */
  onFfmpeg(handler: FfmpegHandler): this;
  /** Does calls of aria2. Without a handler they are answered with -1. */
  onAria2(handler: Aria2Handler): this;
  /** Listens. Rejects with what the system says, such as `EADDRINUSE`; `TypeError` for what is not an endpoint. */
  start(): Promise<this>;
  /**
   * Ends ffmpeg, aborts the signals of other jobs, answers agents that wait for a job with its exit code or -1, and
   * closes all connections. This takes at most two seconds, plus `killTimeout` if ffmpeg runs.
   */
  stop(): Promise<void>;
  /** Keeps the process alive again. */
  ref(): this;
  /** Does not keep the process alive. */
  unref(): this;

  on: On<this>;
  once: On<this>;
  off: On<this>;
  addListener: On<this>;
  removeListener: On<this>;
}

export interface AgentOptions extends SocketOptions {
  /** What it calls itself. Default: `'PixivUtil2'`. */
  identifier?: string;
  /** Where notifications go. */
  comm: string;
  /** Where jobs go. */
  task: string;
  /** How long a handshake may take, in ms. Default: 3000. */
  handshakeTimeout?: number;
  /** How long the answer to a notification may take, in ms. Default: 1000. */
  notifyTimeout?: number;
  /** How long the controller may take to accept a job, in ms. Default: 5000. */
  jobTimeout?: number;
}

/** A job that a controller has taken. */
export interface AgentTask {
  /** The controller's number for it. */
  readonly id: number;
  /**
   * Resolves with the exit code when the job ends, however long that takes; -1: the controller does not know it, or was
   * stopped. If the connection is lost, it asks again. Other jobs of the agent wait meanwhile.
   */
  exitCode(): Promise<number>;
}

/**
 * The side of PixivUtil2. On each socket, one message at a time waits for its answer; the others wait for their turn,
 * and their time limits begin with it. An agent that waits for nothing does not keep the process alive.
 *
 * Notifications resolve to whether the controller accepted them: `false` if its answer is not `Ok`, or does not come
 * in time. Everything rejects with `ERR_PIXIVUTIL2_CLOSED` after `close`.
 */
export class Agent {
  /**
   * Connects, and introduces itself on both sockets. Rejects with `ETIMEDOUT` if nobody answers, and
   * `ERR_PIXIVUTIL2_REFUSED` if the answer is not `Ok`.
   */
  static connect(options: AgentOptions): Promise<Agent>;
  private constructor();
  readonly identifier: string;

  /** How many images will come. */
  total(count: number | bigint): Promise<boolean>;
  /** An image is done: see {@link DownloadResult}. */
  downloaded(imageId: number | bigint, result: number): Promise<boolean>;
  /** The text for the title of a terminal. */
  title(title: string): Promise<boolean>;
  /** Something has gone wrong. */
  error(details: string, stack?: string): Promise<boolean>;
  /**
   * Asks the controller to run ffmpeg with these arguments. Rejects with `ERR_PIXIVUTIL2_REFUSED` if the controller
   * does not take the job, and with `ETIMEDOUT` or `ECONNRESET`, after which the job may have begun.
   */
  ffmpeg(args: readonly string[]): Promise<AgentTask>;
  /**
   * Asks the controller to add to a file of aria2, and to run aria2. Resolves with its error code, however long that
   * takes.
   */
  aria2(file: string, text: string): Promise<number>;
  /** Closes both connections, and ends everything that waits. */
  close(): Promise<void>;
}

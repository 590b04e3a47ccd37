// Types of `ferripc/ipc2` and `ferripc/workers`: hosts and workers of ipc2.

import { EventEmitter } from 'node:events';
import type { PayloadCodec } from './codec/index';
import * as codec from './codec/index';

export { codec };
export type { Codec, Input, Output, PayloadCodec } from './codec/index';

/** Name of the variable in which a worker finds its socket's path: `IPC2_SOCKET_PATH`. */
export const SOCKET_ENV_VAR: 'IPC2_SOCKET_PATH';

/** How a worker ended. */
export interface WorkerExit {
  /** Its process id. */
  pid: number;
  /** Its exit code; null if a signal ended it. */
  code: number | null;
  /** The signal that ended it; a number where it has no name. `'SIGKILL'` for those that the host ends. */
  signal: NodeJS.Signals | number | null;
  /** Why the host ended it, if the program did not ask for that: for example because of what the worker sent. */
  cause: string | null;
}

/** Why a job was not done, or workers were not started. */
export class WorkerSetJobError extends Error {
  /**
   * - `NO_WORKER`: all workers have a job, and no other job may wait for one; or the set is closed.
   *   `No available workers in this set!`
   * - `OFFLINE`: the worker has ended; `exit` says how. `This worker is offline.`
   * - `TIMEOUT`: there was no answer in time. `Failed to receive response in time`
   * - `IO`: a worker cannot be started; the job is too long for a message, or too much waits to be sent
   *   (`ENOBUFS`); the answer is not of the type. `cause` has the code of the system, or `ERR_IPC2_PAYLOAD`.
   */
  code: 'NO_WORKER' | 'OFFLINE' | 'TIMEOUT' | 'IO';
  /** With `OFFLINE`: how the worker ended, if that is known. */
  exit?: WorkerExit;
}

/** What happens to a worker that has not answered in time. */
export const TimeoutAction: {
  /** It is killed, and another one takes its place. */
  readonly Restart: 'Restart';
  /**
   * It goes on with the job, whose answer is dropped. It can get the next job at once, which then waits behind this
   * one; workers without a job are preferred.
   */
  readonly Error: 'Error';
};
export type TimeoutAction = 'Restart' | 'Error';

/** Options of a job. */
export interface SendOptions {
  /**
   * Abandons the job: it rejects with an `AbortError`. A worker that has begun goes on, as with
   * `TimeoutAction.Error`.
   */
  signal?: AbortSignal | undefined;
}

/** Where a standard stream of a worker goes: a descriptor, or a stream that has one. A pipe is not possible. */
export type StreamTarget = 'inherit' | 'ignore' | number | { fd: number } | null | undefined;

/** How a worker is started. */
interface Launch<In, Out> {
  /** Type of the jobs. Default: `codec.json`. */
  request<I>(codec: PayloadCodec<any, I>): WorkerSetBuilder<I, Out>;
  /** Type of the answers. Default: `codec.json`. */
  response<O>(codec: PayloadCodec<O, any>): WorkerSetBuilder<In, O>;
  /** Arguments. Default: none. */
  args(args: readonly string[]): this;
  /** Arguments of Node itself, for a worker that is a script. Default: none. */
  execArgv(args: readonly string[]): this;
  /** The whole environment. Default: that of this process, at the time of `finish()`. */
  env(variables: { readonly [name: string]: string | number | boolean | undefined }): this;
  /** The working directory. Default: that of this process. */
  cwd(folder: string | URL): this;
  /** Standard input, output and error. Default: `'inherit'`. */
  stdio(streams: 'inherit' | 'ignore' | readonly StreamTarget[]): this;
  /** How long a worker may take to connect, in ms. Default: 10 000. */
  connectTimeout(ms: number): this;
  /**
   * Longest message, in bytes. A worker that sends more is killed; a job that is longer is refused. Default: 512 MiB,
   * at most 4 GiB - 1.
   */
  maxMessageBytes(count: number): this;
  /** Most bytes that wait for a worker that does not read. Default: 1 GiB. */
  maxQueuedBytes(count: number): this;
}

/**
 * Describes a set of workers: jobs are `In`, answers `Out`. All methods check their arguments: a `TypeError` says
 * what is wrong.
 */
export interface WorkerSetBuilder<In = any, Out = any> extends Launch<In, Out> {
  /** How many workers, 0 to 65 535. Default: as many as this process may use processors. */
  workerCount(count: number): this;
  /**
   * The program that is a worker. Required. `.js`, `.mjs` and `.cjs` are run by this process's own runtime; anything
   * else is a program. A path is relative to this process's working directory; a name without a folder is looked for
   * in `PATH`.
   */
  workerPath(path: string | URL): this;
  /** How many jobs may wait for a worker, first come, first served; `false`: none, as in ipc2. Default: `false`. */
  queue(count: number | false): this;
  /** Whether another worker takes the place of one that has ended. Default: `true`. */
  respawn(respawn: boolean): this;
  /** Whether that also applies to a worker that ends without a job; `false`: as in ipc2. Default: `true`. */
  respawnIdle(respawn: boolean): this;
  /**
   * How long to wait, in ms, before a worker is started again if the last one could not be started, or if two in a
   * row ended within a second without having received anything: `first`, then twice as long each time, up to
   * `longest`.
   * Default: 100, 10 000.
   */
  backoff(first: number, longest: number): this;
  /**
   * Starts all workers, and waits until they have connected.
   * @throws {WorkerSetJobError} `IO`: one of them cannot be started. The others are killed.
   * @throws {Error} `ENOTSUP` on Windows; `ERR_FERRIPC_NO_BINARY` without a native binary
   */
  finish(): Promise<WorkerSet<In, Out>>;
}

/** What sets and single workers have in common. */
declare class Client<In, Out> extends EventEmitter {
  protected constructor();
  /** A worker has ended. */
  on(event: 'exit', listener: (exit: WorkerExit) => void): this;
  on(event: string | symbol, listener: (...args: any[]) => void): this;
  once(event: 'exit', listener: (exit: WorkerExit) => void): this;
  once(event: string | symbol, listener: (...args: any[]) => void): this;
  off(event: 'exit', listener: (exit: WorkerExit) => void): this;
  off(event: string | symbol, listener: (...args: any[]) => void): this;
  /**
   * Sends a job, and waits for its answer: forever, if the worker lives but does not answer.
   * @throws {TypeError} `data` is not of the type
   * @throws {WorkerSetJobError}
   */
  send(data: In, options?: SendOptions): Promise<Out>;
  /**
   * Sends a job without an answer. Resolves when it was given to a worker. A slow worker in Node takes about 1 MiB of
   * jobs; then they wait here, up to `maxQueuedBytes`.
   * @throws {WorkerSetJobError} `IO`, with `cause.code` `ENOBUFS`: so much waits already
   */
  sendUnidirectional(data: In, options?: SendOptions): Promise<void>;
  /** Keeps the process alive, as it does at first. */
  ref(): this;
  /** No longer keeps the process alive. When the process ends, so do its workers. */
  unref(): this;
}

/** One worker that belongs to no set. It can have several jobs, which it does one after the other. */
export class WorkerHandle<In = any, Out = any> extends Client<In, Out> {
  private constructor();
  /** Its process id. */
  readonly pid: number;
  /** Resolves when it has ended. */
  readonly exited: Promise<WorkerExit>;
  /** Kills it. */
  kill(): Promise<WorkerExit>;
  /** As `kill()`. */
  [Symbol.asyncDispose](): Promise<WorkerExit>;
}

/** A set of workers, each of which has one job at a time. */
export class WorkerSet<In = any, Out = any> extends Client<In, Out> {
  private constructor();
  /** Begins to describe a set. */
  static builder(): WorkerSetBuilder;
  /**
   * As `send`, but no longer than `ms`.
   * @throws {WorkerSetJobError} `TIMEOUT`
   */
  sendTimeout(data: In, ms: number, action: TimeoutAction, options?: SendOptions): Promise<Out>;
  /**
   * Starts as many workers as the set had at first, and replaces all others with them. A worker with a job finishes
   * it first.
   * @throws {WorkerSetJobError} `IO`: a worker cannot be started. The set is then as before.
   */
  restart(): Promise<void>;
  /** Takes a worker without a job out of the set; null: there is none. */
  popWorker(): WorkerHandle<In, Out> | null;
  /** Adds a worker to the set, which it then belongs to. */
  addWorker(worker: WorkerHandle<any, any>): this;
  /** The process ids of the workers. */
  pids(): number[];
  /** How many workers are without a job. */
  available(): number;
  /**
   * Ends the workers: each finishes its job, and sees the end of its connection. Those that have not ended after
   * `timeout` ms are killed. Called again, it waits for the same. Default: 5000.
   */
  close(options?: { timeout?: number | undefined }): Promise<void>;
  /** As `close()`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Options of a single worker: see the builder's methods of the same names. */
export interface SpawnOptions<In = any, Out = any> {
  request?: PayloadCodec<any, In> | undefined;
  response?: PayloadCodec<Out, any> | undefined;
  args?: readonly string[] | undefined;
  execArgv?: readonly string[] | undefined;
  env?: { readonly [name: string]: string | number | boolean | undefined } | undefined;
  cwd?: string | URL | undefined;
  stdio?: 'inherit' | 'ignore' | readonly StreamTarget[] | undefined;
  connectTimeout?: number | undefined;
  maxMessageBytes?: number | undefined;
  maxQueuedBytes?: number | undefined;
}

/**
 * Starts the program at `path` as a worker, and waits until it has connected.
 * @throws {WorkerSetJobError} `IO`
 */
export function spawn<In = any, Out = any>(
  path: string | URL,
  options?: SpawnOptions<In, Out>,
): Promise<WorkerHandle<In, Out>>;

/** Takes the answer of a job. The next job comes when it was used or dropped. */
export interface Sender<Res = any> {
  /**
   * Answers.
   * @returns `false`: it was answered or dropped before, or the host is gone
   * @throws {TypeError} `value` is not of the type; another one can be sent then
   */
  send(value: Res): boolean;
  /**
   * Gives no answer: the host goes on waiting, as long as it likes. A sender that is garbage-collected counts as
   * dropped, too.
   */
  drop(): void;
}

/** A job to do. */
export type Job<Req = any, Res = any> =
  | { type: 'Bidirectional'; data: Req; tx: Sender<Res> }
  | { type: 'Unidirectional'; data: Req; tx?: undefined };

/** Jobs of the host, one after the other. Leaving a loop over them ends the connection. */
export interface Receiver<Req = any, Res = any> extends AsyncIterable<Job<Req, Res>> {
  /**
   * The next job; null: there will be none, because the host is gone, or has sent a frame whose length is not
   * possible.
   * @throws {Error} `ERR_IPC2_PAYLOAD`: the job is not of the type. The connection is then ended.
   */
  recv(): Promise<Job<Req, Res> | null>;
  /** Ends the connection. */
  close(): void;
  /** Keeps the process alive, which is so at first. */
  ref(): this;
  unref(): this;
}

/** Options of a worker. */
export interface ConnectOptions<Req = any, Res = any> {
  /** Type of the jobs. Default: `codec.json`. */
  request?: PayloadCodec<Req, any> | undefined;
  /** Type of the answers. Default: `codec.json`. */
  response?: PayloadCodec<any, Res> | undefined;
  /** Longest message, in bytes. Default: 512 MiB. */
  maxMessageBytes?: number | undefined;
}

/**
 * Connects to the host that started this process.
 * @throws {Error} `SOCKET_VARIABLE_NOT_FOUND`: no host started this process as a worker.
 *   `Socket environment variable not set`
 * @throws {Error} with the system's code if the host's socket is not there any more, as `net.connect` has it
 */
export function connect<Req = any, Res = any>(
  options?: ConnectOptions<Req, Res>,
): Promise<Receiver<Req, Res>>;

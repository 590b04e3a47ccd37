// Types of `ferripc/mqueue`: POSIX message queues, on Linux. `mq_overview(7)` describes them.

import type { EventEmitter } from 'node:events';

/** Whether the system has such queues. On systems other than Linux, `open` and `unlink` throw `ENOTSUP`. */
export const isSupported: boolean;

/** How to open a queue. Another property is refused: `ERR_INVALID_ARG_VALUE`. */
export interface QueueOptions {
  /** Makes the queue if it is not there. Default: `false`, which fails with `ENOENT` then. */
  create?: boolean;
  /** With `create`: fails with `EEXIST` if the queue is there. Default: `false`. */
  exclusive?: boolean;
  /** With `create`: most messages that it holds. Without privileges at most 10 on most systems. Default: 10. */
  maxmsg?: number;
  /** With `create`: most bytes of a message. Without privileges at most 8192 on most systems. Default: 8192. */
  msgsize?: number;
  /** With `create`: permission bits, without those that the process's umask takes away. Default: `0o600`. */
  mode?: number;
  /** Whether to receive. Default: `true`. */
  read?: boolean;
  /** Whether to send. Default: `true`. */
  write?: boolean;
  /**
   * Most bytes that wait in `send` for room in the queue, with 1024 more for each message; beyond that, `send` rejects
   * with `ENOBUFS`. Default: 1 GiB.
   */
  maxQueuedBytes?: number;
}

/** How long a call waits. */
export interface WaitOptions {
  /** In ms; then it rejects with `ETIMEDOUT`. 0: it does not wait, and rejects with `EAGAIN`. Default: forever. */
  timeout?: number;
}

/** A message that was received. */
export interface Message {
  data: Buffer;
  /** 0 to 32767. */
  priority: number;
}

/** Limits and state of a queue. */
export interface Attributes {
  /** Most messages that it holds. */
  maxmsg: number;
  /** Most bytes of a message. */
  msgsize: number;
  /** Messages that are in it now. */
  curmsgs: number;
}

/** Events of a queue and their arguments. */
export interface QueueEvents {
  /** A message. Messages are received as long as there are handlers; otherwise they stay in the queue. */
  message: [data: Buffer, priority: number];
  /** Receiving for `message` handlers has failed. It is not tried again. */
  error: [error: NodeJS.ErrnoException];
  /** The queue was closed. */
  close: [];
}

/**
 * An open queue. Only waiting keeps the process alive: a pending `send` or `receive`, or a `message` handler. A queue
 * that is not used any more closes when it is garbage-collected. Its messages stay in the system until it is
 * unlinked.
 */
export class Queue extends EventEmitter implements AsyncIterable<Message> {
  private constructor();
  /** Its name. */
  readonly name: string;
  /** Whether it was closed. */
  readonly closed: boolean;

  /**
   * Sends a message: at once if there is room, otherwise as soon as there is, in the order of the calls.
   * @param data strings are sent as UTF-8
   * @param priority 0 to 32767; messages of a higher one are received first. Default: 0
   * @returns resolves when the system has it. Rejects with `EMSGSIZE`: it is longer than `msgsize`; `EAGAIN`,
   *   `ETIMEDOUT`: see `timeout`; `ENOBUFS`: too much waits; `ECANCELED`: the queue was closed meanwhile; `EBADF`: it
   *   was closed before, or was opened for receiving only
   */
  send(
    data: string | NodeJS.ArrayBufferView,
    priority?: number,
    options?: WaitOptions,
  ): Promise<void>;

  /**
   * Receives the oldest of the messages of the highest priority, or waits for one. Calls get messages in their order.
   * @returns rejects with `EAGAIN`, `ETIMEDOUT`, `ECANCELED` and `EBADF` as `send` does
   */
  receive(options?: WaitOptions): Promise<Message>;

  /** All messages, until the queue is closed. Leaving the loop does not close it. */
  [Symbol.asyncIterator](): AsyncGenerator<Message, void, undefined>;

  /** What the queue is like. @throws the system's error */
  attr(): Attributes;
  /** Closes it. Calls that wait reject with `ECANCELED`. Idempotent. */
  close(): void;
  /** Removes its name; programs that have it open go on. @throws the system's error, `ENOENT` if the name is gone */
  unlink(): void;
  /** Waiting keeps the process alive again. */
  ref(): this;
  /** Waiting does not keep the process alive. */
  unref(): this;

  on<E extends keyof QueueEvents>(event: E, listener: (...args: QueueEvents[E]) => void): this;
  once<E extends keyof QueueEvents>(event: E, listener: (...args: QueueEvents[E]) => void): this;
  off<E extends keyof QueueEvents>(event: E, listener: (...args: QueueEvents[E]) => void): this;
  addListener<E extends keyof QueueEvents>(
    event: E,
    listener: (...args: QueueEvents[E]) => void,
  ): this;
  removeListener<E extends keyof QueueEvents>(
    event: E,
    listener: (...args: QueueEvents[E]) => void,
  ): this;
  prependListener<E extends keyof QueueEvents>(
    event: E,
    listener: (...args: QueueEvents[E]) => void,
  ): this;
}

/**
 * Opens a queue.
 * @param name begins with `/` and has no other
 * @throws the system's error: `ENOENT`, `EEXIST`, `EACCES`; `EINVAL`: larger than the system allows; `EMFILE`: all
 *   queues of the user together are as large as `RLIMIT_MSGQUEUE` allows (usually 800 kB, 9 queues of 10 messages of
 *   8192 bytes), or too many files are open; `ENOTSUP`: not on Linux
 */
export function open(name: string, options?: QueueOptions): Queue;

/** Removes the name of a queue. @throws the system's error: `ENOENT`; `EPERM`: it is somebody else's; `ENOTSUP`: not on Linux */
export function unlink(name: string): void;

/// <reference types="node" />

import crypto = require('crypto');
import net = require('net');
import tls = require('tls');

/**
 * What `require('ferripc')` and `import ipc from 'ferripc'` give: one ready-made
 * {@link ferripc.Endpoint | endpoint}.
 *
 * It also carries the classes (`ipc.IPC`, `ipc.IPCModule`), itself as `ipc.default`, and, for
 * TypeScript, every type of this file (`ipc.Client`, `ipc.Config`, …).
 */
declare const ferripc: ferripc.Singleton;

declare namespace ferripc {
  // ------------------------------------------------------------------------------------- events

  /**
   * The open event map: any message type, any data. It is the default everywhere, so that untyped code compiles.
   *
   * To let the compiler check message types and payloads, pass your own maps from message type to payload:
   * first what this process receives, then what it sends.
   *
   *     interface ToServer { 'job.add': { id: number }; ping: void }
   *     interface ToClient { 'job.done': { id: number; ok: boolean } }
   *
   *     const worker = new IPC<ToClient, ToServer>();
   *     const master = new IPC<ToServer, ToClient>();
   *     const other = ipc.of.other as Client<ToClient, ToServer>; // one connection only
   *
   * The map has the types that the sender passes to `emit`. A handler gets {@link Received} of them: a `Date`
   * arrives as a string, and nothing as `{}`. What JSON cannot carry does not compile; see {@link Sendable}. With
   * `config.serialization: 'advanced'`, wrap the maps in {@link Values}.
   *
   * An entry that is a function is a request, for {@link Client.request} and {@link Client.handle}: its argument
   * is the request's data, and what it returns, or what its promise resolves to, is the answer.
   *
   * A peer's bytes are not validated against a map: the map is a promise that both programs keep.
   */
  interface AnyEvents {
    [type: string]: any;
  }

  /** Every string if the map `Events` is open (has an index signature), otherwise nothing. */
  type OpenType<Events> = string extends keyof Events ? string : never;

  /** Handler arguments: exact for a typed event map, open-ended for an open one. */
  type HandlerArgs<Events, Args extends any[]> = string extends keyof Events
    ? [...Args, ...any[]]
    : Args;

  /** Second argument of `socket.disconnected`. */
  type ClosedId<Events> = string extends keyof Events ? any : string | false;

  /** The data argument of `emit`, which may be left out where the event map allows it. */
  type EmitArgs<Events, Type extends keyof Events> = string extends keyof Events
    ? [data?: any]
    : [Events[Type]] extends [AsItIs<infer Data>]
      ? undefined extends Data
        ? [data?: Data]
        : [data: Data]
      : EmitJsonArgs<Events, Type>;

  /** The same for a payload that is sent as JSON. */
  type EmitJsonArgs<Events, Type extends keyof Events> = undefined extends Events[Type]
    ? [data?: Sendable<Events[Type]> | undefined]
    : {} extends Events[Type]
      ? [data?: Sendable<Events[Type]> | undefined]
      : [data: Sendable<Events[Type]>];

  /** A payload that arrives exactly as it was sent. Made by {@link Values}. */
  interface AsItIs<T> {
    readonly 'arrives as it is': T;
  }

  /**
   * An event map for `config.serialization: 'advanced'`: every payload arrives with the type that the map has: a `Date` as a
   * `Date`, and nothing as `undefined`.
   *
   *     interface ToServer { 'file.put': { name: string; content: Buffer; tags: Set<string> } }
   *
   *     const ipc = new IPC<Values<ToClient>, Values<ToServer>>();
   *     ipc.config.serialization = 'advanced';
   */
  type Values<Events> = {
    [Type in keyof Events]: unknown extends Events[Type]
      ? Events[Type]
      : Events[Type] extends (...args: infer Args) => infer Result
        ? (...args: AsTheyAre<Args>) => AsItIs<Awaited<Result>>
        : AsItIs<Events[Type]>;
  };
  type AsTheyAre<Args extends any[]> = { [Index in keyof Args]: AsItIs<Args[Index]> };

  /** No value has this type. It marks what JSON cannot carry in an event map. */
  interface NotJson {
    readonly 'JSON has no such value': never;
  }

  /** What `JSON.stringify` turns into `{}`, because the content is not in properties. */
  type Contentless =
    | ReadonlyMap<any, any>
    | ReadonlySet<any>
    | WeakMap<any, any>
    | WeakSet<any>
    | Promise<any>
    | RegExp
    | ArrayBuffer;

  /** What JSON leaves out: a property is dropped, and an element of an array becomes `null`. */
  type NoJson = undefined | symbol | Function;

  /**
   * What `emit` takes for a payload `T` of an event map: `T`, except for what JSON cannot carry. That becomes
   * {@link NotJson} and does not compile: a `bigint` anywhere, for which `emit` throws, and a function or symbol
   * as the payload, which would not arrive. Functions that are properties compile, since an instance of a
   * class may have some. They do not arrive.
   */
  type Sendable<T> = unknown extends T
    ? T
    : T extends AsItIs<infer Value>
      ? Value
      : T extends symbol | Function
        ? NotJson
        : SendableValue<T>;

  /** {@link Sendable} of a part of a payload. */
  type SendableValue<T> = unknown extends T
    ? T
    : T extends string | number | boolean | null | NoJson | Contentless | { toJSON(key: any): any }
      ? T
      : T extends bigint
        ? NotJson
        : { [Key in keyof T]: SendableValue<T[Key]> };

  /**
   * What a handler gets for a payload `T`: what JSON makes of it. Nothing (`undefined`, `void`, `null`) arrives as
   * `{}`, and everything else as {@link Json}.
   *
   * Three values arrive as something other than their types say: the empty string and `NaN` as a payload arrive as
   * `{}`, like everything falsy except `0` and `false`; `NaN` and the infinities inside a payload arrive as `null`.
   */
  type Received<T> = unknown extends T
    ? T
    : T extends AsItIs<infer Value>
      ? Value
      : T extends undefined | void | null
        ? {}
        : Json<T>;

  /**
   * The form in which JSON carries a `T`:
   *
   * - what has a `toJSON`, such as `Date`, `URL` and `Buffer`: as that returns it (a string, a string,
   *   `{ type: 'Buffer', data: number[] }`)
   * - `Map` and `Set`: as `{}`
   * - typed arrays: as objects with a property for each element
   * - other objects: their properties, without those whose value is `undefined`, a function or a symbol, which are
   *   `null` in arrays. Methods and private members of classes are gone
   */
  type Json<T> = unknown extends T
    ? T
    : T extends string | number | boolean | null
      ? T
      : T extends { toJSON(key: any): infer Form }
        ? Json<Form>
        : T extends bigint | NoJson | void
          ? never
          : T extends ArrayBufferView & { [index: number]: number }
            ? { [index: string]: number }
            : T extends Contentless
              ? {}
              : T extends readonly unknown[]
                ? { [Index in keyof T]: JsonElement<T[Index]> }
                : JsonObject<T>;

  /** {@link Json} of an element of an array. */
  type JsonElement<T> = unknown extends T ? T : T extends NoJson ? null : Json<T>;

  /** {@link Json} of an object. */
  type JsonObject<T> = Flat<
    {
      [Key in keyof T as KeyOf<T, Key, 'there'>]: Json<T[Key]>;
    } & {
      [Key in keyof T as KeyOf<T, Key, 'maybe'>]?: Json<Exclude<T[Key], NoJson>>;
    }
  >;

  /** A key, if its value is always `'there'`, or `'maybe'`; otherwise nothing. */
  type KeyOf<T, Key extends keyof T, Wanted> = Key extends symbol
    ? never
    : unknown extends T[Key]
      ? KeyIf<Key, Wanted, 'there'>
      : [Extract<T[Key], NoJson>] extends [never]
        ? KeyIf<Key, Wanted, 'there'>
        : [Exclude<T[Key], NoJson>] extends [never]
          ? never
          : KeyIf<Key, Wanted, 'maybe'>;
  type KeyIf<Key, A, B> = A extends B ? Key : never;

  /** An intersection of objects as one object. */
  type Flat<T> = { [Key in keyof T]: T[Key] };

  // ---------------------------------------------------------------------------------- requests

  /** The types of requests in a map: those whose entries are functions. Any string if the map is open. */
  type RequestType<Events> = string extends keyof Events
    ? string
    : {
        [Type in keyof Events]: Events[Type] extends (data: any) => any ? Type : never;
      }[keyof Events] &
        string;

  /** The data of a request and its options; the data may be left out where the map allows it. */
  type RequestArgs<Events, Type extends keyof Events> = string extends keyof Events
    ? [data?: any, options?: RequestOptions]
    : Events[Type] extends (...args: infer Args) => any
      ? Args extends []
        ? [data?: undefined, options?: RequestOptions]
        : undefined extends Args[0]
          ? [data?: Sendable<Args[0]>, options?: RequestOptions]
          : [data: Sendable<Args[0]>, options?: RequestOptions]
      : never;

  /** What arrives for a value `T` in a request or an answer: as {@link Json}, except that `undefined` stays `undefined`. */
  type Carried<T> = unknown extends T
    ? T
    : [T] extends [AsItIs<infer Value>]
      ? Value
      : [T] extends [undefined | void]
        ? undefined
        : T extends undefined | void
          ? undefined
          : T extends AsItIs<infer Value>
            ? Value
            : Json<T>;

  /** The data that a handler of this request gets. */
  type RequestData<Events, Type extends keyof Events> = string extends keyof Events
    ? any
    : Events[Type] extends (...args: infer Args) => any
      ? Args extends []
        ? undefined
        : Carried<Args[0]>
      : never;

  /** What a handler of this request returns, or what its promise resolves to. */
  type Answer<Events, Type extends keyof Events> = string extends keyof Events
    ? any
    : Events[Type] extends (...args: any[]) => infer Result
      ? Sendable<Awaited<Result>>
      : never;

  /** What {@link Client.request} resolves with. */
  type Answered<Events, Type extends keyof Events> = string extends keyof Events
    ? any
    : Events[Type] extends (...args: any[]) => infer Result
      ? Carried<Awaited<Result>>
      : never;

  /** Options of {@link Client.request} and {@link Server.request}. */
  interface RequestOptions {
    /**
     * How long to wait for the answer, in milliseconds from the call, above 0. Then the promise is rejected with a
     * `TimeoutError`, code `ETIMEDOUT`, and the peer's handler is aborted. Default: no limit
     */
    timeout?: number | undefined;
    /**
     * When it is aborted, the promise is rejected with an `AbortError`, as in Node's functions (code `ABORT_ERR`, the
     * signal's reason as `cause`), and the peer's handler is aborted.
     */
    signal?: AbortSignal | null | undefined;
    /**
     * What a client does with a request while it has no connection. A server never waits. By default the request waits
     * where a message would: before the first connection, with {@link Config.offlineQueue}, and in `sync` mode. Otherwise
     * it fails.
     *
     * - `'wait'`: it waits for the connection, as long as the client tries to get one
     * - `'fail'`: it fails at once with the code `ENOTCONN`
     */
    offline?: 'wait' | 'fail' | undefined;
  }

  /** What a request handler gets besides the data. */
  interface RequestContext {
    /** Who asked. */
    readonly socket: IpcSocket;
    /**
     * Aborted when nobody waits for the answer any more: the asker gave up (an `AbortError`), or the connection
     * ended (code `ECONNRESET`). What the handler returns after that is not sent.
     */
    readonly signal: AbortSignal;
  }

  /** Answers requests: see {@link Client.handle} and {@link Server.handle}. */
  type RequestHandler<In, Type extends RequestType<In>, This> = (
    this: This,
    data: RequestData<In, Type>,
    context: RequestContext,
  ) => Answer<In, Type> | PromiseLike<Answer<In, Type>>;

  /**
   * What a request is rejected with when the peer's handler throws, or when there is none: the `name`, `message`
   * and `code` of that error. Its stack is not sent.
   */
  interface RemoteFailure extends Error {
    /** The code of the peer's error, if it is a string or a number; otherwise absent. */
    code?: string | number;
  }

  /** See {@link RemoteFailure}. */
  type RemoteError = RemoteFailure;

  /** The class of {@link RemoteFailure}, for `instanceof`. */
  interface RemoteErrorConstructor {
    /** For tests. */
    new (message?: string, details?: { name?: string; code?: string | number }): RemoteError;
    readonly prototype: RemoteError;
  }

  /** Options of {@link Client.messages} and {@link Server.messages}. */
  interface MessagesOptions {
    /** Ends the loop with an `AbortError` when it is aborted. */
    signal?: AbortSignal | undefined;
  }

  /** Who a broadcast goes to. */
  interface BroadcastOptions {
    /** A socket that is left out, or several; on UDP, peers by their address and port. */
    except?: IpcSocket | UdpPeer | Iterable<IpcSocket | UdpPeer> | null | undefined;
    /** Called with each socket (on UDP: peer) before anything is sent. Returns whether it gets the message. */
    where?: ((socket: IpcSocket) => boolean) | null | undefined;
  }

  /** The process at the other end of a Unix socket. */
  interface PeerCredentials {
    /** Its process id when it connected or, for a server, when it began to listen. 0 if it is in another pid namespace. */
    pid: number;
    /** Its user id. */
    uid: number;
    /** Its group id. */
    gid: number;
  }

  /** Options of {@link Endpoint.serveOrConnect}. */
  interface SingleInstanceOptions<
    In extends AnyEvents = AnyEvents,
    Out extends AnyEvents = AnyEvents,
  > {
    /** Path of the socket. Default: `config.socketRoot + config.appspace + id` */
    path?: string | undefined;
    /** Called when this process becomes the server, before anything of a client is reported: the place for handlers. */
    onServer?: ((server: Server<In, Out>) => void) | undefined;
    /** Called once, when this process has become a client, before its first `connect`. */
    onClient?: ((client: Client<In, Out>) => void) | undefined;
  }

  /** What {@link Endpoint.serveOrConnect} resolves with. */
  interface SingleInstance<In extends AnyEvents = AnyEvents, Out extends AnyEvents = AnyEvents> {
    /**
     * What this process is now. A client may become the server when the server has ended; `null` after `close()`, and when
     * the program has stopped the server or disconnected the client itself.
     */
    readonly role: 'server' | 'client' | null;
    /** The server, while this process is the server; otherwise `null`. */
    readonly server: Server<In, Out> | null;
    /** The client, while this process is a client; otherwise `null`. */
    readonly client: Client<In, Out> | null;
    /** Ends the server or client; another process takes a server's place. */
    close(): Promise<void>;
    /** The same, for `await using`. */
    [Symbol.asyncDispose](): Promise<void>;
  }

  /** A payload of raw mode (`config.rawBuffer`): bytes that go out exactly as they are. */
  type RawBytes = Uint8Array | readonly number[];

  /** What a {@link Client} itself reports, with the arguments of each handler. */
  interface ClientLifecycle {
    /** Connected or reconnected; for TLS, the handshake is over. */
    connect: [];
    /**
     * The connection ended, or an attempt to connect failed. A further attempt follows after
     * `config.retry` ms, unless {@link ClientLifecycle.destroy | destroy} is reported next.
     */
    disconnect: [];
    /** The client is done: no attempt follows. */
    destroy: [];
    /**
     * An attempt failed, the connection broke, or the peer sent something unreadable. Without a
     * handler it is ignored; nothing is thrown.
     */
    error: [error: IpcError];
    /** Raw mode only: the bytes of one read, in whatever pieces they came. */
    data: [bytes: Buffer];
    /** Everything written has left the process, after an `emit` returned `false`. */
    drain: [];
    /** Every event except `drain`, whatever its type: first its type, then its own arguments. */
    '*': [type: string, ...args: any[]];
  }

  /**
   * What a {@link Server} itself reports, with the arguments of each handler.
   *
   * On a UDP server, the peer of a message is a {@link UdpPeer} instead of a socket. `connect` is
   * reported once, after `start`, with the server's own socket. `socket.disconnected` and `close` follow
   * when that socket is closed. `drain` has that socket, too.
   */
  interface ServerLifecycle<Events = {}> {
    /** Listening. A UDP server passes the address that it is bound to. */
    start: [bound?: UdpPeer];
    /** A client connected; for TLS, the handshake is over. */
    connect: [socket: IpcSocket];
    /** The library never reports this itself. It is a message of this type from a peer. */
    disconnect: [data?: any, socket?: IpcSocket];
    /**
     * A client is gone, and `server.sockets` no longer lists it. `id` is the `id` that the client
     * put into the data of its last message that had one, or `false` if there was none. Handlers see
     * `string | false` under a typed event map, and `any` under an open one.
     */
    'socket.disconnected': [socket: IpcSocket, id: ClosedId<Events>];
    /**
     * The server could not start or accept, a connection broke, a TLS handshake failed, or a client sent
     * something unreadable; `socket` is given in the last case. On UDP, also a message that could not be sent:
     * `EMSGSIZE` for a message over the limit of a datagram (65,507 bytes over IPv4, less on some systems),
     * `ENOTFOUND` for an unknown host. Without a handler it is ignored; nothing is thrown.
     */
    error: [error: IpcError, socket?: IpcSocket];
    /**
     * Raw mode only: the bytes of one read, in whatever pieces they came; on UDP, those of one
     * datagram.
     */
    data: [bytes: Buffer, socket: IpcSocket];
    /** A client's socket has closed; `hadError` says whether an error closed it. */
    close: [hadError: boolean];
    /** Everything written to this client has left the process, after an `emit` returned `false`. */
    drain: [socket: IpcSocket];
    /** Every event except `drain`, whatever its type: first its type, then its own arguments. */
    '*': [type: string, ...args: any[]];
  }

  // ------------------------------------------------------------------------------------- values

  /**
   * A connection as programs see it: a `net.Socket`.
   *
   * Programs may keep properties of their own on it, hence the index signature.
   */
  interface IpcSocket extends net.Socket {
    /**
     * On a server: the `id` in the data of the last message that had one, usually a string,
     * but whatever the peer has sent.
     */
    id?: any;

    /**
     * This connection's counters, even after it has ended. (If a program puts a property of that name on its
     * sockets, that takes precedence.)
     */
    stats(): SocketStats;

    /**
     * The process at the other end of a Unix socket, on Linux and macOS, as the system reports it, while it is connected;
     * otherwise `undefined`. (If a program puts a property of that name there, that takes precedence.)
     */
    readonly peerCredentials?: PeerCredentials | undefined;

    /** Here and below: with TLS only, as in `tls.TLSSocket`. */
    encrypted?: true;
    /** Whether the handshake is still going on. */
    secureConnecting?: boolean;
    /** Whether the peer's certificate is trusted. On a server, only if `requestCert` asked for one. */
    authorized?: boolean;
    /** Why it is not trusted: a code such as `'CERT_HAS_EXPIRED'`. `null` if it is, or if no certificate was asked for. */
    authorizationError?: any;
    /** The application protocol that was agreed on; `false` if none. */
    alpnProtocol?: string | false | null;
    /** The name that the client asked for; `false` if none. */
    servername?: string | false | null;
    /** E.g. `'TLSv1.3'`; `null` before the connection is up. */
    getProtocol?(): string | null;
    /** The cipher suite; `null` before the connection is up. */
    getCipher?(): tls.CipherNameAndProtocol | null;
    /** The peer's certificate, `{}` without one; `null` before the connection is up. */
    getPeerCertificate?(detailed?: boolean): any;
    /** The peer's certificate; `undefined` without one. */
    getPeerX509Certificate?(): crypto.X509Certificate | undefined;
    /** Always `false`. */
    isSessionReused?(): boolean;

    [property: string]: any;
  }

  /**
   * The address of a UDP peer; handlers of a UDP server get it in place of a socket. Each datagram has
   * an object of its own, which its messages share. To answer, pass it to {@link Server.emit}.
   *
   * The `start` event has the bound address, without `family` and `size`.
   */
  interface UdpPeer {
    /** As for a socket: the `id` in the data of the datagram's last message that had one. */
    id?: any;
    /** Its IP address. */
    address: string;
    /** Its port, 1 to 65535. */
    port: number;
    /** Absent in the address of the `start` event. */
    family?: 'IPv4' | 'IPv6' | undefined;
    /** Length of the datagram in bytes. */
    size?: number | undefined;
    [property: string]: any;
  }

  /**
   * Where a UDP server sends to. Without an address or a port, to every known peer, as by {@link
   * Server.broadcast}.
   */
  interface UdpDestination {
    /** An IP address or a host name. Several emits share one look-up while it is running. */
    address?: string | undefined;
    /** 1 to 65535; may be a string. */
    port?: number | string | undefined;
  }

  /** Where {@link Server.emit} sends to. */
  type Destination = net.Socket | UdpDestination;

  /** Addresses of a connection that was refused; absent for a local socket. */
  interface DropInfo {
    localAddress?: string | undefined;
    localPort?: number | undefined;
    localFamily?: string | undefined;
    remoteAddress?: string | undefined;
    remotePort?: number | undefined;
    remoteFamily?: string | undefined;
  }

  /**
   * Codes of {@link IpcError}: the library's own, and any that Node.js uses, such as `ECONNREFUSED`
   * and `ENOENT` (nobody listens there), `EADDRINUSE`, `EACCES`, `ECONNRESET`, `EPIPE`.
   *
   * - `ERR_FERRIPC_INVALID_MESSAGE`: a frame is valid JSON, but not a message; or a request, reply or cancellation has no
   *   usable `id`
   * - `ERR_FERRIPC_NO_HANDLER`: a request for whose type the peer has no handler
   * - `ERR_FERRIPC_TOO_MANY_REQUESTS`: a request over the `config.maxRequests` that the peer handles at a time
   * - `ERR_FERRIPC_NO_REQUESTS`: there are no requests in raw mode and on UDP
   * - `ERR_FERRIPC_ALLOW_PEER`: `config.allowPeer` where the system does not tell who connects
   * - `ERR_FERRIPC_SERIALIZATION`: the peer has another `config.serialization`, or is on node-ipc
   * - `ERR_FERRIPC_NO_BINARY`: no binary loads, and the JavaScript engine is forbidden
   * - `ERR_FERRIPC_INTERNAL`: a fault of ferripc's own
   * - `ERR_FERRIPC_MESSAGE_TOO_LARGE`: a frame was longer than `config.maxMessageBytes`; dropped
   * - `ERR_FERRIPC_TOO_MUCH_BUFFERED`: a server's connections together held more than `config.maxBufferedBytes` of
   *   unfinished messages; this one, which held most, is closed
   * - `ERR_FERRIPC_TRUNCATED_MESSAGE`: the peer closed in the middle of a frame
   * - `ERR_FERRIPC_MAX_CONNECTIONS`: a connection over `config.maxConnections` was refused
   * - `ERR_FERRIPC_TLS_OPTION`: `config.tls` has something that cannot be used; `option` names it
   * - `ERR_TLS_HANDSHAKE_TIMEOUT`: a TLS handshake took longer than `handshakeTimeout`, or had to make room for
   *   others
   * - `ERR_IPC_…`: with `config.parser`, see the settings that name them; also `ERR_IPC_INVALID_JSON`,
   *   `ERR_IPC_INVALID_MESSAGE` and `ERR_IPC_INVALID_EVENT` for what is not a message or has no usable type, and, thrown,
   *   `ERR_IPC_ASSURED_TRANSPORT`, `ERR_IPC_ASSURED_TLS` and `ERR_IPC_TLS_CONFIGURATION`
   * - `ENOBUFS`: this message was dropped, because `config.maxQueuedBytes` wait to be sent; or, before
   *   the first connection and on UDP, 16 MiB. A handler that emits and
   *   meets the limit again gets `false`, and no further `error`
   */
  type IpcErrorCode =
    | 'ERR_FERRIPC_INVALID_MESSAGE'
    | 'ERR_FERRIPC_MESSAGE_TOO_LARGE'
    | 'ERR_FERRIPC_TRUNCATED_MESSAGE'
    | 'ERR_FERRIPC_TOO_MUCH_BUFFERED'
    | 'ERR_FERRIPC_MAX_CONNECTIONS'
    | 'ERR_FERRIPC_NO_BINARY'
    | 'ERR_FERRIPC_INTERNAL'
    | 'ERR_FERRIPC_NO_HANDLER'
    | 'ERR_FERRIPC_TOO_MANY_REQUESTS'
    | 'ERR_FERRIPC_NO_REQUESTS'
    | 'ERR_FERRIPC_ALLOW_PEER'
    | 'ERR_FERRIPC_TLS_OPTION'
    | 'ERR_FERRIPC_SERIALIZATION'
    | 'ERR_TLS_HANDSHAKE_TIMEOUT'
    | 'ERR_IPC_INVALID_JSON'
    | 'ERR_IPC_INVALID_MESSAGE'
    | 'ERR_IPC_INVALID_EVENT'
    | 'ERR_IPC_EVENT_TOO_LARGE'
    | 'ERR_IPC_RESERVED_EVENT'
    | 'ERR_IPC_EVENT_NOT_ALLOWED'
    | 'ERR_IPC_FRAME_TOO_LARGE'
    | 'ERR_IPC_MESSAGE_TIMEOUT'
    | 'ERR_IPC_BACKPRESSURE'
    | 'ERR_IPC_ASSURED_TRANSPORT'
    | 'ERR_IPC_ASSURED_TLS'
    | 'ERR_IPC_TLS_CONFIGURATION'
    | 'ERR_IPC_SOCKET_ROOT'
    | 'ENOBUFS'
    | (string & {});

  /**
   * What handlers of `error` receive and what `start()` rejects with.
   *
   * One case is not an `Error` object: for a frame that is not JSON, it is a plain object with
   * `message` (`'Invalid JSON response format'`), `err` and `response`, and without a code.
   */
  interface IpcError extends Error {
    /** What went wrong, in a form that programs can compare. */
    code?: IpcErrorCode;
    /** The operating system's number for `code`, negative as in Node.js. */
    errno?: number;
    /** The call that failed, for example `connect` or `listen`. */
    syscall?: string;
    /** Path of a local socket, or host address. */
    address?: string;
    /** Port that belongs to `address`. */
    port?: number;
    /** The file of `config.tls` that could not be read. */
    path?: string;
    /** The text of the frame that could not be used; not with `serialization: 'advanced'`. */
    response?: string;
    /** The `SyntaxError` of a frame that is not JSON. */
    err?: Error;
    /** With `ERR_FERRIPC_TLS_OPTION`: the key of `config.tls`. */
    option?: string;
    /** With `ERR_FERRIPC_MAX_CONNECTIONS`: who was refused. */
    peer?: DropInfo;
    [detail: string]: any;
  }

  // ------------------------------------------------------------------------------ configuration

  /**
   * Local end of an outgoing TCP or TLS connection; the keys mean what they mean to `net.connect`.
   * `false` counts as not set; so does a missing key. `true` has no meaning and is only in
   * the types because those of `@types/node-ipc` say `boolean`.
   */
  interface NetworkInterface {
    /** Address to connect from. */
    localAddress?: string | boolean | undefined;
    /** Port to connect from. */
    localPort?: number | boolean | undefined;
    /** IP version: 4, 6, or 0 for either. */
    family?: number | boolean | undefined;
    /** Flags for `dns.lookup`. */
    hints?: number | boolean | undefined;
    /** A replacement for `dns.lookup`. */
    lookup?: net.LookupFunction | boolean | undefined;
  }

  /** The keys of {@link TlsConfig} that name files. They are read at each start and connect. */
  interface TlsFiles {
    /** Path of the private key (PEM). A server needs this or `key`. This one wins. */
    private?: string | undefined;
    /** Path of the certificate (PEM). A server needs this or `cert`. This one wins. */
    public?: string | undefined;
    /**
     * Path of Diffie-Hellman parameters; servers only. The file is read, but not used: all key
     * exchanges are ECDHE.
     */
    dhparam?: string | undefined;
    /** Path or paths of the certificates to trust (PEM). Wins over `ca`. */
    trustedConnections?: string | string[] | undefined;
  }

  /**
   * Options of `tls.connect` and `tls.createServer` that are honoured, with Node's meanings and
   * defaults. A client ignores the options for servers, and a server those for clients, so one object serves both.
   *
   * - Keys: RSA of 2048 to 4096 bits, P-256, P-384, Ed25519. `key`, `cert` and `ca` may also be DER.
   * - `ciphers`: full names only. The error for an unknown name lists those that can be used.
   * - `ecdhCurve`: out of `X25519`, `P-256` and `P-384`.
   * - `minVersion`, `maxVersion`: `TLSv1.2` and `TLSv1.3`.
   * - `handshakeTimeout` (ms, default 120000) applies to clients, too.
   */
  type TlsOption =
    | 'key'
    | 'cert'
    | 'ca'
    | 'passphrase'
    | 'requestCert'
    | 'rejectUnauthorized'
    | 'servername'
    | 'checkServerIdentity'
    | 'ALPNProtocols'
    | 'ciphers'
    | 'ecdhCurve'
    | 'honorCipherOrder'
    | 'handshakeTimeout'
    | 'minDHSize'
    | 'localAddress'
    | 'localPort'
    | 'family'
    | 'hints'
    | 'lookup'
    | 'timeout'
    | 'noDelay'
    | 'keepAlive';

  /**
   * TLS settings: paths of files, and options of `tls.connect` and `tls.createServer`. The
   * library never writes to this object.
   *
   * Other options of Node's that mean something (`pfx`, `crl`, `SNICallback`, `pskCallback`,
   * `secureContext`, `session`, `sigalgs`, …) are refused: `start()`, `connectToNet()` throw an
   * error with code `ERR_FERRIPC_TLS_OPTION`, whose `option` is the name. The same happens for a server without
   * key and certificate, and for values that cannot be used. A file that cannot be read throws its own error.
   *
   * A failed handshake is an `error` event on both sides, with Node's code
   * (`DEPTH_ZERO_SELF_SIGNED_CERT`, `ERR_SSL_WRONG_VERSION_NUMBER`, …).
   */
  type TlsConfig = TlsFiles &
    Pick<tls.TlsOptions & tls.ConnectionOptions & net.TcpSocketConnectOpts, TlsOption> & {
      minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
      maxVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
    };

  /** What {@link Config.parser} may be besides a name: a wire format of your own. As in node-ipc 14. */
  interface CustomParser {
    /** The text or bytes of a message. Strings are sent as UTF-8; on UDP in `encoding`. If it throws, so does `emit`. */
    encode(type: any, data?: any): string | Uint8Array;
    /**
     * Calls `receive` with each message `{ type, data }` that `chunk` completes, and returns what is left of it.
     * If it throws, that is an `error` event, and the connection ends.
     *
     * @param rest - what it returned last for this connection, or `''`
     * @param chunk - what has arrived, as text in `encoding`
     */
    read(rest: any, chunk: any, receive: (message: any) => void): any;
    /** The encoding of what arrives. Default: `'utf8'` */
    encoding?: BufferEncoding | undefined;
    /** With `true`, `read` is not called: what arrives is reported as `data`, as in raw mode. Default: `false` */
    raw?: boolean | undefined;
    /** As {@link Config.maxPendingBytes}. Default: no limit */
    maxPendingBytes?: number | undefined;
    /** As {@link Config.messageTimeout}, while `read` has left something. Default: `0` */
    messageTimeout?: number | undefined;
    /** `'assured'`: that parser's rules for transports apply. */
    profile?: string | undefined;
  }

  /** What clients and servers of node-ipc 14 have besides those of 9 and 10. */
  interface ParserMembers {
    /** The parser in use; without {@link Config.parser}, one that reads the same messages. */
    parser: any;
    /** With `true` there are no messages: what arrives is reported as `data`. */
    raw: boolean;
    /** The parser's encoding. */
    encoding: BufferEncoding;
    /** What the parser makes of a message. */
    encode(type: any, data?: any): any;
    /** Takes text or bytes as if they had come from `socket`. */
    receive(socket: any, data: string | Buffer): void;
    /** Delivers a message as if it had come from `socket`. */
    dispatch(message: { type: string; data?: any }, socket?: any): void;
  }

  /** A class of parsers. */
  interface CustomParserClass {
    new (config: any): CustomParser;
  }

  /** What {@link Config.tap} allows. */
  interface TapOptions {
    /** Whether messages are shown with their data. Default: `false` */
    payloads?: boolean | undefined;
    /**
     * Path of the tap's socket. Default: the server's path with the suffix `.tap`; for a server on a port, the default
     * path of `config.id` with that suffix. In a worker of `cluster` the process id comes before it: `app.world.4312.tap`
     */
    path?: string | undefined;
  }

  /**
   * Settings of an {@link Endpoint}. They are read when they are needed, so a change takes effect
   * at once, even for existing connections. The exceptions are `delimiter`, `serialization`, `serializationTimeout`,
   * `maxMessageBytes`, `maxBufferedBytes`, `maxQueuedBytes`, `linger`, `offlineQueue`, and `parser` with its limits, which a
   * client or server reads when it is made. Keys of your own are allowed.
   */
  interface Config {
    /** Middle part of the default socket path. Default: `'app.'` */
    appspace: string;
    /** First part of the default socket path, with its last slash. Default: `'/tmp/'` */
    socketRoot: string;
    /**
     * Name of this process; last part of the default socket path of its server.
     * Default: the host name
     */
    id: string;

    /**
     * How `emit` turns strings into bytes in raw mode. Messages are always UTF-8.
     * Default: `'utf8'`
     */
    encoding: BufferEncoding;
    /**
     * Raw mode: no messages, only bytes. `emit` sends its payload as it is, and what arrives is
     * reported as `data`, one `Buffer` per read. Default: `false`
     */
    rawBuffer: boolean;
    /**
     * Clients have one message in flight at a time, and send the next one when something has arrived.
     * Default: `false`
     */
    sync: boolean;
    /**
     * What ends a message on the wire: one or more characters. Each client and server keeps
     * the delimiter that it was made with. Default: `'\f'`
     */
    delimiter: string;
    /**
     * How data becomes bytes; both sides of a connection need the same setting. Named as in `child_process`.
     *
     * - `'json'`: as JSON, as in node-ipc
     * - `'advanced'`: by V8's serializer, as in `child_process`: buffers, typed arrays, `Map`, `Set`, `Date`, `RegExp`, `BigInt`,
     *   `undefined`, `NaN`, cycles and errors arrive as they were. `emit` throws a `DataCloneError` for functions, symbols and other
     *   values that cannot be copied. Not with `rawBuffer`, a `parser`, another `delimiter` or UDP, nor on Bun and Deno
     *
     * A peer with another setting, or on node-ipc, is reported as an `error` with the code `ERR_FERRIPC_SERIALIZATION`, and
     * its connection is closed. A client is not connected until both sides have agreed. Default: `'json'`
     *
     * @throws TypeError from `serve`, `serveNet`, `connectTo` and `connectToNet`, for anything else and for settings that
     * `'advanced'` cannot honour
     */
    serialization?: 'json' | 'advanced' | undefined;
    /**
     * With `serialization: 'advanced'`: how long a peer may take to say that it has the same setting, in milliseconds from
     * the beginning of the connection. Default: `10000`
     */
    serializationTimeout?: number | undefined;
    /**
     * Longest message accepted from a peer, in bytes and without the delimiter. A longer one is
     * dropped and reported as an `error` with the code `ERR_FERRIPC_MESSAGE_TOO_LARGE`; the
     * connection goes on. Default: `buffer.constants.MAX_STRING_LENGTH`, about 512 MiB
     */
    maxMessageBytes: number;
    /**
     * Most bytes of unfinished messages that all connections of a server may hold together. Beyond that, the connection that
     * holds most is closed, with an `error` event with the code `ERR_FERRIPC_TOO_MUCH_BUFFERED`. The others go on.
     * Connections that hold less than 16 KiB do not count. `Infinity`: no limit except `maxMessageBytes` for each.
     * Not for UDP. Default: `1073741824`, 1 GiB
     */
    maxBufferedBytes: number;
    /**
     * Most bytes that wait in one connection for a peer that does not read, and in a client's queue
     * in `sync` mode. When that many wait, a further message is dropped: `emit` returns `false`, and an `error`
     * with the code `ENOBUFS` follows at once. The connection goes on, and takes messages again when
     * there is room. So a connection holds no more than this and one message. Values below 256 KiB
     * act as 256 KiB, the mark from which `emit` returns `false` anyway. Values above 4 GiB act as 4 GiB. On UDP:
     * see {@link Server.emit}. Default: `1073741824`, 1 GiB
     */
    maxQueuedBytes: number;
    /**
     * Most bytes of messages that a client keeps while it is down, once it has been connected. They are sent in order
     * when it is connected again. A message that does not fit is dropped: `emit` returns `false`, an `error` with the code
     * `ENOBUFS` follows, and it counts as `dropped.full`. What waits when the client ends for good counts as `dropped.down`.
     * What was on its way when the connection broke is not sent again. Before the first connection, 16 MiB are always
     * kept. Default: `0`, nothing is kept
     *
     * @throws TypeError from `connectTo` and `connectToNet`, for anything but a number of bytes
     */
    offlineQueue?: number | false | undefined;
    /**
     * Most requests of one connection that are handled at a time. A handler counts until it ends. Further requests are
     * answered with an error whose code is `ERR_FERRIPC_TOO_MANY_REQUESTS`. Default: `16384`
     */
    maxRequests?: number | undefined;
    /**
     * Decides who may connect to a local server: called for each connection before anything of it is read or reported.
     * A peer that is refused is disconnected and counts as {@link ServerStats.refused}. If the function throws or returns a
     * promise, the connection is refused, and an `error` event says so. Servers on Windows, TCP, TLS and UDP cannot honour it:
     * `start()` throws an error with the code `ERR_FERRIPC_ALLOW_PEER`. Default: everybody who may open the socket
     */
    allowPeer?: ((peer: PeerCredentials) => boolean) | null | false | undefined;
    /**
     * Whether the JavaScript engine may take over where no binary loads. With `false`, `connectTo`, `connectToNet`, `serve`
     * and `serveNet` then throw an error with the code `ERR_FERRIPC_NO_BINARY`. The environment variable
     * `FERRIPC_NO_FALLBACK=1` does the same for the whole process; there `start()` throws, not `serve`. Default: `true`
     */
    fallback?: boolean | undefined;
    /**
     * Lets this user and root watch what a server sends and receives, with `ferripc tap` or another program, at a socket
     * of its own: see docs/cli.md. `true` shows types, lengths, directions and connections, but no data. Read by
     * `start()`. A slow reader loses records. It does not hold the server up, and costs at most 256 KiB. If the socket
     * cannot be made, the server goes on without it, and an `error` says why. Without this setting, the environment
     * variable `FERRIPC_TAP` decides: `1`, or `payloads` to show payloads, too. Default: nobody can watch, and nothing is opened
     *
     * @throws TypeError from `start()`, for anything else
     */
    tap?: boolean | TapOptions | null | undefined;
    /**
     * How long a closing connection that still has something to send waits for a peer that reads nothing, in ms. Then the
     * rest is dropped, with an `error` whose code is `ETIMEDOUT`. As long as the peer takes something, however slowly, everything is sent. The system shows this only in steps of up to 64 KiB: a peer
     * that takes less than that in this time needs a longer one. `0`: only what the system takes at once.
     * `Infinity`: forever. Applies to `disconnect` and `stop({ disconnect: true })`. On UDP it is the total time
     * that closing may take. Default: `2000`
     */
    linger: number;

    /**
     * How messages are written and read, and what is refused. As in node-ipc 14; chosen once, when a client or server
     * is made.
     *
     * - left out: as in node-ipc 9 and 10; the settings below up to `allowedEvents` have no effect and must be left out
     * - `'raw'`: bytes, as with `rawBuffer`, for the whole life of the client or server
     * - `'fast'`: messages whose data arrives as it is, also `null` and `''`. Anything that is not a message ends the
     *   connection
     * - `'guarded'`: as `'fast'`, with the limits below and rules for the types of messages, in both directions. A message
     *   that breaks one is not delivered, its connection is closed, and an `error` has a code that begins with `ERR_IPC_`.
     *   A client does not try again. `emit` and `broadcast` throw for messages that must not be sent
     * - `'assured'`: as `'guarded'`, only for the types in `allowedEvents`. TCP with TLS and certificates on both sides only,
     *   no UDP and no Windows pipes; local servers in a `socketRoot` of the user alone
     * - an object, or a class that is made with this configuration: see {@link CustomParser}
     *
     * With any of them `socket.id` is set only with `identifyPeer`, messages are logged only with `logPayloads`, `ca` and
     * `trustedConnections` of `tls` add up, and a TLS server that has them asks clients for certificates. `rawBuffer` goes
     * with `'raw'` and `'fast'` only. Default: `undefined`
     *
     * @throws TypeError from `serve`, `serveNet`, `connectTo` and `connectToNet`, for anything else
     */
    parser?: 'raw' | 'fast' | 'guarded' | 'assured' | CustomParser | CustomParserClass | undefined;
    /**
     * Longest message that `'guarded'` and `'assured'` send and accept, in bytes and without the delimiter. A longer one is
     * refused as soon as that much of it has arrived (`ERR_IPC_FRAME_TOO_LARGE`). `Infinity`: only `maxMessageBytes`
     * limits it. Default: `1048576`, 1 MiB
     */
    maxMessageSize?: number | undefined;
    /**
     * Most bytes that wait in one connection of `'guarded'` and `'assured'`, including the message being sent. Beyond that,
     * the connection is closed (`ERR_IPC_BACKPRESSURE`) and `emit` returns `false`. Not on UDP. Default: `8388608`, 8 MiB
     */
    maxPendingBytes?: number | undefined;
    /**
     * Longest type of a message with `'guarded'` and `'assured'`, in UTF-16 units (`ERR_IPC_EVENT_TOO_LARGE`). Default: `256`
     */
    maxEventNameLength?: number | undefined;
    /**
     * How long a message may take to arrive with `'guarded'` and `'assured'`, from its first byte to its last, in milliseconds
     * (`ERR_IPC_MESSAGE_TIMEOUT`). `0` and `Infinity`: no limit. Not on UDP. Default: `30000`
     */
    messageTimeout?: number | undefined;
    /**
     * Lets `'guarded'` accept messages whose types are events of clients and servers: `start`, `connect`, `disconnect`,
     * `destroy`, `close`, `socket.disconnected`, `error` and `data` (`ERR_IPC_RESERVED_EVENT`). Never with `'assured'`.
     * Default: `false`
     */
    allowReservedEvents?: boolean | undefined;
    /** The types that `'assured'` sends and delivers (`ERR_IPC_EVENT_NOT_ALLOWED`), which needs them. Default: none */
    allowedEvents?: readonly string[] | ReadonlySet<string> | false | undefined;
    /**
     * Whether a server copies `data.id` of what arrives to `socket.id`. Any client can claim any id.
     * Default: `true` without a `parser`, `false` with one
     */
    identifyPeer?: boolean | undefined;
    /**
     * Whether the library's own log lines include messages. Default: `true` without a `parser`, `false` with one
     */
    logPayloads?: boolean | undefined;
    /**
     * Whether a local server makes sure that its folder, `socketRoot`, is the user's alone. With `true` it makes the
     * folder with mode 0700 if it is not there, and takes others' rights away if it is. It does not start in a folder
     * that is not the user's own, is a symbolic link or is shared by all users (`ERR_IPC_SOCKET_ROOT`). With `false`
     * no folder is touched, except that a missing one is made if there is a `parser`.
     * Default: `true` with the parser `'assured'`, which insists on it; otherwise `false`
     */
    secureSocketRoot?: boolean | undefined;

    /** Turns {@link Endpoint.log} off, and with it the library's own logging. Default: `false` */
    silent: boolean;
    /** How deep {@link Endpoint.log} prints objects, in levels. Default: `5` */
    logDepth: number;
    /** Whether {@link Endpoint.log} prints objects in colour. Default: `true` */
    logInColor: boolean;
    /**
     * Receives the one string that {@link Endpoint.log} makes of its arguments.
     * Default: `console.log`
     */
    logger(message: string): void;

    /**
     * How many clients a local, TCP or TLS server serves at a time; further ones are refused and
     * reported, or in workers of `node:cluster` offered to another worker. With TLS an unfinished handshake
     * counts, as in `node:tls`. `0` and `Infinity` set no limit. Then a thousand handshakes may be in progress, and
     * the oldest has to make room for the next once it is two seconds old. Read when the server starts;
     * `server.server.maxConnections` changes it later. Default: `100`
     */
    maxConnections: number;
    /**
     * How many clients a local, TCP or TLS server accepts within any second. Further ones wait in the system, which holds
     * as many as it is configured for, and are served in turn. `stop()` does not accept those that exceed the rate at that
     * moment. A whole number; read when the server starts. Default: `Infinity`, no limit
     *
     * `start()` throws a TypeError for anything but a number of 1 or more, on UDP, and without the native binary; it
     * rejects where a worker of `node:cluster` gets its connections from the primary.
     */
    maxConnectionRate: number;
    /** Pause before a client tries to connect again, in milliseconds. Default: `500` */
    retry: number;
    /**
     * How often a client tries again, after it has lost its connection or failed to get one, before
     * it gives up. Each connection restarts the count. `0` and `false` mean a single attempt.
     * Default: `Infinity`
     */
    maxRetries: number | boolean;
    /**
     * `true`, or any number except `0`: clients do not try again, whatever `maxRetries` says. It is read
     * whenever a connection closes. Default: `false`
     */
    stopRetrying: boolean | number;

    /**
     * What `server.start()` does with a socket file that is already at its path. Anything that
     * is not a socket is left alone, and `start()` fails.
     *
     * - `true`: the server takes the path over, even from a server that is still running, and
     *   without a moment when nobody listens
     * - `'stale'`: the server takes the path over from a dead server only; if a server answers
     *   there, `start()` fails with `EADDRINUSE`. For programs that may run only once
     * - `false`: the file stays, and `start()` fails with `EADDRINUSE`; `stop()` does not remove
     *   the file either. In workers of `node:cluster` the path is shared: the primary hands the
     *   connections out, and removes the file after the last worker. (Not on Windows, Bun and
     *   Deno. With `true` or `'stale'`, each worker needs a path of its own)
     *
     * On Windows, and for abstract names on Linux, there is no file: in all three cases a free name is
     * taken, and with a taken one `start()` fails with `EADDRINUSE`.
     *
     * Default: `true`
     */
    unlink: boolean | 'stale';
    /** Lets all users of the machine read from a local server's socket. Default: `false` */
    readableAll: boolean;
    /**
     * Lets all users of the machine write to a local server's socket. On Windows they need both.
     * Abstract names are open to everybody. Default: `false`
     */
    writableAll: boolean;

    /** Not used; it exists because node-ipc has it. Default: `''` */
    IPType: string;
    /** Host for `serveNet` and `connectToNet` when they get none. Default: `'127.0.0.1'` */
    networkHost: string;
    /** Port for `serveNet` and `connectToNet` when they get none. Default: `8000` */
    networkPort: number;
    /**
     * How long a UDP server goes on sending broadcasts to a peer that sends nothing, in milliseconds.
     * Read with each broadcast. Default: `300000`, five minutes
     */
    peerTimeout: number;
    /** Local end of outgoing TCP and TLS connections. Default: nothing set */
    interface: NetworkInterface;
    /**
     * Another name for {@link Config.interface | interface}, which wins where both are set.
     * Default: absent
     */
    interfaces?: NetworkInterface | undefined;
    /**
     * TLS settings, which turn `serveNet` and `connectToNet` from TCP to TLS. A server on a path then uses TLS,
     * too, but a client of a path does not. UDP ignores it. Default: `false`
     */
    tls: TlsConfig | false;

    [key: string]: any;
  }

  /** What may be assigned to {@link Endpoint.config}: any part of a {@link Config}. */
  type ConfigInput = { [Key in keyof Config]?: Config[Key] | undefined };

  // ------------------------------------------------------------------------------------- client

  /** Messages of a client that wait, in `sync` mode, for the one in flight to be answered. */
  interface Queue {
    /** Appends tasks, and starts the first if none is running. */
    add(...tasks: Array<() => void>): void;
    /** Runs the next task. */
    next(): void;
    /** Drops all waiting tasks. */
    clear(): Array<() => void>;
    /** The waiting tasks. */
    contents: Array<() => void>;
    /** Whether {@link Queue.add} starts a task. Default: `true` */
    autoRun: boolean;
    /** Set it to hold the queue. Default: `false` */
    stop: boolean;
  }

  /**
   * One lasting connection to a server: it reconnects by the rules of `config`.
   *
   * {@link Endpoint.connectTo} and {@link Endpoint.connectToNet} make it and put it into {@link
   * Endpoint.of}.
   *
   * @typeParam In - payload by type of the messages that arrive here
   * @typeParam Out - payload by type of the messages that are sent from here
   */
  interface Client<
    In extends AnyEvents = AnyEvents,
    Out extends AnyEvents = AnyEvents,
  > extends ParserMembers {
    /**
     * Calls `handler` for every event of this type: a lifecycle event, the type of a message, or
     * `'*'`. Handlers stay when the connection is lost and established again. Handlers of `'*'` come
     * first, the others in the order in which they were added.
     *
     * @param once - remove the handler after its first call
     * @throws TypeError if `type` is not a string or `handler` is not a function
     */
    on<Type extends keyof ClientLifecycle>(
      type: Type,
      handler: (this: this, ...args: HandlerArgs<In, ClientLifecycle[Type]>) => void,
      once?: boolean,
    ): this;
    on<Type extends keyof In & string>(
      type: Type,
      handler: (this: this, ...args: HandlerArgs<In, [data: Received<In[Type]>]>) => void,
      once?: boolean,
    ): this;
    on(type: OpenType<In>, handler: (...args: any[]) => void, once?: boolean): this;

    /** As {@link Client.on}, for a single call. */
    once<Type extends keyof ClientLifecycle>(
      type: Type,
      handler: (this: this, ...args: HandlerArgs<In, ClientLifecycle[Type]>) => void,
    ): this;
    once<Type extends keyof In & string>(
      type: Type,
      handler: (this: this, ...args: HandlerArgs<In, [data: Received<In[Type]>]>) => void,
    ): this;
    once(type: OpenType<In>, handler: (...args: any[]) => void): this;

    /**
     * Removes a handler. If `handler` is `'*'` or left out, removes all handlers of this type. The type
     * `'*'` means the handlers of `'*'` only.
     *
     * @throws TypeError if `type` is not a string or `handler` is neither a function nor `'*'`
     */
    off(type?: string, handler?: Function | '*'): this;

    /**
     * Sends a message to the server. In raw mode, the only argument is the payload: bytes, or a
     * string in `config.encoding`.
     *
     * Before the first connection, messages are kept and sent later, up to 16 MiB; beyond that they
     * are dropped and reported as an `error` with the code `ENOBUFS`. When a connection is lost,
     * messages are dropped until the client tries to connect again, unless `config.sync` queues
     * them or {@link Config.offlineQueue} keeps them. What an attempt was given is dropped if it fails.
     *
     * Data that is left out, `undefined`, `null`, `''` or `NaN` arrives as `{}`.
     *
     * @returns `true` if the message was accepted without a backlog; `false` if one has built up,
     * which ends with the event `drain`, or if the message was dropped
     * @throws TypeError if JSON cannot express `data`, as with a `BigInt` or a cycle, or if a raw
     * payload is neither bytes nor a string
     */
    emit<Type extends keyof Out & string>(type: Type, ...data: EmitArgs<Out, Type>): boolean;
    emit(bytes: RawBytes): boolean;

    /**
     * Asks the server's handler of this type, and resolves with its answer. Data and answers arrive as JSON has them;
     * `undefined` stays `undefined`. Any number of requests may be under way, and answers come in any order.
     *
     * @returns a promise of the answer. It is rejected with a {@link RemoteFailure | RemoteError} if the handler throws, or if
     * there is no handler (code `ERR_FERRIPC_NO_HANDLER`). It is rejected with a TypeError for wrong arguments, and for data that
     * JSON cannot express. Other codes: `ETIMEDOUT` and `ABORT_ERR`, see {@link RequestOptions}; `ECONNRESET` when the connection
     * ends before the answer. `ENOTCONN` if there is no connection and the request does not wait for one; `ENOBUFS` if too much
     * waits to be sent; `ERR_FERRIPC_NO_REQUESTS` in raw mode. Nothing is thrown
     */
    request<Type extends RequestType<Out>>(
      type: Type,
      ...args: RequestArgs<Out, Type>
    ): Promise<Answered<Out, Type>>;

    /**
     * Makes `handler` answer the server's requests of this type. The answer is what it returns, or what its promise
     * resolves to. If it throws, the request is rejected at the server. The handler stays when the connection is lost and
     * established again.
     *
     * @returns a function that removes the handler
     * @throws TypeError if `type` is not a string, `handler` is not a function, or the type already has a handler
     * @throws Error in raw mode; code `ERR_FERRIPC_NO_REQUESTS`
     */
    handle<Type extends RequestType<In>>(
      type: Type,
      handler: RequestHandler<In, Type, this>,
    ): () => void;

    /**
     * The messages of this type from now on, for `for await (const [data] of client.messages(type))`. Messages that the
     * loop has not taken yet are kept, without a limit. It ends when the client does, and when `off(type)` or `reset()`
     * removes its handler.
     *
     * @throws TypeError if `type` is not a string or `signal` is not an AbortSignal
     */
    messages<Type extends keyof In & string>(
      type: Type,
      options?: MessagesOptions,
    ): AsyncIterableIterator<[data: Received<In[Type]>]>;

    /** Calls this client's own handlers as if the event had happened; sends nothing. */
    publish(type: string, ...args: any[]): this;
    /** Another name for {@link Client.publish}. */
    trigger(type: string, ...args: any[]): this;
    /** Another name for {@link Client.on}. */
    subscribe: this['on'];
    /** Another name for {@link Client.off}. */
    unSubscribe: this['off'];
    /** Removes one registration of a handler: what `events.once` and `events.on` of Node need. */
    removeListener(type: string, handler: (...args: any[]) => void): this;
    /** Removes all handlers of all types, those of `handle`, too. */
    reset(): this;
    /** All handlers by type; a copy. */
    readonly list: Record<string, Array<(...args: any[]) => void>>;

    /**
     * Connects to `path` and `port`, unless it is connected or about to be. `connectTo` and
     * `connectToNet` have called it already. Failures to connect are reported as `error`.
     *
     * @throws TypeError for a path, host or `config.interface` that cannot be one
     * @throws RangeError for a port that cannot be one; code `ERR_SOCKET_BAD_PORT`
     */
    connect(): void;

    /**
     * Hands everything that was emitted to the system now, as far as the system takes it. A program needs this only if
     * it emits more than a few messages in one go and then blocks the event loop, for example by computing or by waiting
     * for a child process. It never waits, and may be called at any time. See "When a message leaves" in
     * docs/compatibility/sending.md.
     *
     * @returns `true` if the system has everything; `false` if something still waits: for the connection, for its
     * turn with `config.sync`, or for the peer to read
     */
    flush(): boolean;

    /** This client's counters, as {@link Endpoint.stats} has them. */
    stats(): ClientStats;

    /**
     * For `await using`: as {@link Endpoint.disconnect}, and resolves when the connection is closed. If the server is in
     * this process, all that either side has emitted is delivered first. Where the runtime has the symbol: Node 18.18
     * and later.
     */
    [Symbol.asyncDispose](): Promise<void>;

    /** Its key in {@link Endpoint.of}. */
    id: string;
    /** Path of a local server, or the host of a TCP or TLS server. */
    path: string;
    /** Port of a TCP or TLS server, otherwise absent. */
    port?: number | undefined;
    /** The settings it was made with. */
    config: Config;
    /** The log function it was made with. */
    log(...args: any[]): void;
    /** What waits in `sync` mode. */
    queue: Queue;
    /**
     * The socket of the current attempt or connection; each reconnection makes a new one. In a
     * client made by hand it is `false` until `connect()` is called; the type does not show that.
     */
    socket: IpcSocket;
    /** Attempts left before the client gives up; each connection restarts the count. */
    retriesRemaining: number;
    /** `true` once {@link Endpoint.disconnect} was called for this client: it does not reconnect. */
    explicitlyDisconnected: boolean;
    /** Whether the peer broke a rule of {@link Config.parser}: the connection is closed, and the client does not try again. */
    protocolViolation: boolean;
    /** The class itself, as node-ipc's clients have it. */
    Client: ClientConstructor;
  }

  /** The class behind {@link Client}, which `ferripc/dao/client` exports. */
  interface ClientConstructor {
    /**
     * Makes a client by hand: set `id`, `path` and, for TCP, `port`; then call `connect()`.
     *
     * @throws TypeError if `config.delimiter` is not a string or is empty, or if `config.maxMessageBytes`,
     * `config.maxQueuedBytes` or `config.maxBufferedBytes` is not a positive number, or `config.linger` is not a number
     * of ms. Also for a {@link Config.offlineQueue} that is not a number of bytes, and for {@link Config.serialization} and
     * {@link Config.parser} that cannot be honoured
     */
    new <In extends AnyEvents = AnyEvents, Out extends AnyEvents = AnyEvents>(
      config: ConfigInput,
      log: (...args: any[]) => void,
    ): Client<In, Out>;
    readonly prototype: Client;
  }

  // ------------------------------------------------------------------------------------- server

  /** Options of {@link Server.stop}. */
  interface StopOptions {
    /**
     * Close all clients too, after what was emitted to them has been sent. Default: `false`
     */
    disconnect?: boolean | undefined;
  }

  /**
   * A server: local socket, TCP, TLS or UDP. {@link Endpoint.serve} and {@link Endpoint.serveNet}
   * make it and put it into {@link Endpoint.server}; nothing listens before {@link Server.start}.
   *
   * @typeParam In - payload by type of the messages that arrive here
   * @typeParam Out - payload by type of the messages that are sent from here
   */
  interface Server<
    In extends AnyEvents = AnyEvents,
    Out extends AnyEvents = AnyEvents,
  > extends ParserMembers {
    /** Always `null`; it exists because node-ipc 14 has it. */
    datagramCallback: null;
    /** Logs an error and publishes it as `error`. */
    serverError(error: Error): void;

    /**
     * Starts to listen.
     *
     * @returns a promise that is fulfilled when the server listens, at the same time as the event
     * `start`. It is rejected with an {@link IpcError} when that fails (`EADDRINUSE`, `EACCES`, …),
     * which is also reported as `error`; and with the code `ERR_SERVER_NOT_RUNNING` when `stop()`
     * comes first. Ignoring the promise is fine: it never ends the process as an unhandled
     * rejection. While the server listens, `start()` returns the same promise again
     * @throws TypeError for a path or host that cannot be one
     * @throws RangeError for a port that cannot be one; code `ERR_SOCKET_BAD_PORT`
     * @throws Error for a `config.tls` that cannot be used; see {@link TlsConfig}
     */
    start(): Promise<void>;

    /**
     * Stops listening and removes the server's own socket file (not with `unlink: false`). Connected
     * clients stay connected, unless `options.disconnect` is set. On UDP, what was emitted before
     * is sent first, see {@link Config.linger}. Safe at any time and any number of times.
     *
     * @returns a promise that is fulfilled when the server no longer listens and, with
     * `options.disconnect`, when all clients are closed
     */
    stop(options?: StopOptions): Promise<void>;

    /**
     * Calls `handler` for every event of this type: a lifecycle event, the type of a message, or
     * `'*'`. Handlers of messages get the data and the sender's socket (on UDP a {@link UdpPeer}).
     * Handlers of `'*'` come first, the others in the order in which they were added.
     *
     * @param once - remove the handler after its first call
     * @throws TypeError if `type` is not a string or `handler` is not a function
     */
    on<Type extends keyof ServerLifecycle>(
      type: Type,
      handler: (this: this, ...args: HandlerArgs<In, ServerLifecycle<In>[Type]>) => void,
      once?: boolean,
    ): this;
    on<Type extends keyof In & string>(
      type: Type,
      handler: (
        this: this,
        ...args: HandlerArgs<In, [data: Received<In[Type]>, socket: IpcSocket]>
      ) => void,
      once?: boolean,
    ): this;
    on<Type extends keyof In & string>(
      type: Type,
      handler: (this: this, data: Received<In[Type]>, peer: UdpPeer) => void,
      once?: boolean,
    ): this;
    on(type: OpenType<In>, handler: (...args: any[]) => void, once?: boolean): this;

    /** As {@link Server.on}, for a single call. */
    once<Type extends keyof ServerLifecycle>(
      type: Type,
      handler: (this: this, ...args: HandlerArgs<In, ServerLifecycle<In>[Type]>) => void,
    ): this;
    once<Type extends keyof In & string>(
      type: Type,
      handler: (
        this: this,
        ...args: HandlerArgs<In, [data: Received<In[Type]>, socket: IpcSocket]>
      ) => void,
    ): this;
    once<Type extends keyof In & string>(
      type: Type,
      handler: (this: this, data: Received<In[Type]>, peer: UdpPeer) => void,
    ): this;
    once(type: OpenType<In>, handler: (...args: any[]) => void): this;

    /**
     * Removes a handler. If `handler` is `'*'` or left out, removes all handlers of this type. The type
     * `'*'` means the handlers of `'*'` only.
     *
     * @throws TypeError if `type` is not a string or `handler` is neither a function nor `'*'`
     */
    off(type?: string, handler?: Function | '*'): this;

    /**
     * Sends a message to one client, given by its socket, or on UDP to an address and port. In raw
     * mode, the second argument is the payload: bytes, or a string in `config.encoding`.
     *
     * Data that is left out, `undefined`, `null`, `''` or `NaN` arrives as `{}`.
     *
     * On UDP each message is one datagram, which may be lost or overtaken on its way. Messages that
     * the system does not take at once, or that wait for a look-up, are kept, up to 16 MiB and 65,536 of each;
     * further ones are dropped and reported as an `error` with the code `ENOBUFS`. Before `start()`
     * and after `stop()` messages are dropped.
     *
     * @returns `true` if the message was accepted without a backlog; `false` if one has built up,
     * which ends with the event `drain`, or if the message was dropped because the socket is closed
     * @throws TypeError if `destination` is not one, if JSON cannot express `data`, as with a `BigInt`
     * or a cycle, or if a raw payload is neither bytes nor a string
     * @throws RangeError on UDP, for a port that cannot be one; code `ERR_SOCKET_BAD_PORT`
     */
    emit<Type extends keyof Out & string>(
      destination: Destination,
      type: Type,
      ...data: EmitArgs<Out, Type>
    ): boolean;
    emit(destination: Destination, bytes: RawBytes): boolean;
    /**
     * Compiles because `@types/node-ipc` has it; without a destination, nothing can be sent.
     *
     * @deprecated Name a socket, or use {@link Server.broadcast}.
     * @throws TypeError always
     */
    emit(typeOrBytes: OpenType<Out> | RawBytes, data?: any): boolean;

    /**
     * Asks one client, given by its socket, as {@link Client.request} asks the server. Without a connection the request
     * fails with the code `ENOTCONN`, and on UDP with `ERR_FERRIPC_NO_REQUESTS`.
     */
    request<Type extends RequestType<Out>>(
      socket: net.Socket,
      type: Type,
      ...args: RequestArgs<Out, Type>
    ): Promise<Answered<Out, Type>>;

    /**
     * Makes `handler` answer the requests of this type from all clients, as {@link Client.handle}.
     *
     * @returns a function that removes the handler
     * @throws TypeError if `type` is not a string, `handler` is not a function, or the type already has a handler
     * @throws Error in raw mode and on UDP; code `ERR_FERRIPC_NO_REQUESTS`
     */
    handle<Type extends RequestType<In>>(
      type: Type,
      handler: RequestHandler<In, Type, this>,
    ): () => void;

    /**
     * The messages of this type from now on, for `for await (const [data, socket] of server.messages(type))`. Messages
     * that the loop has not taken yet are kept, without a limit. It ends when the server is stopped and the last client is
     * gone, and when `off(type)` or `reset()` removes its handler.
     *
     * @throws TypeError if `type` is not a string or `signal` is not an AbortSignal
     */
    messages<Type extends keyof In & string>(
      type: Type,
      options?: MessagesOptions,
    ): AsyncIterableIterator<[data: Received<In[Type]>, socket: IpcSocket]>;

    /**
     * Sends a message to all connected clients; does nothing if there are none. In raw mode,
     * the first argument is the payload, and the second means nothing.
     *
     * On UDP it goes to every address from which something has arrived within the last
     * `config.peerTimeout` milliseconds. The 1,024 heard from last are remembered.
     *
     * @param options - who gets the message; a third argument without `except` and `where` means nothing
     * @returns `false` if a backlog has built up for at least one client
     * @throws TypeError if JSON cannot express `data`, if a raw payload is neither bytes nor a
     * string, or for `except` and `where` that cannot be used
     */
    broadcast<Type extends keyof Out & string>(type: Type, ...data: EmitArgs<Out, Type>): boolean;
    broadcast<Type extends keyof Out & string>(
      type: Type,
      data: EmitArgs<Out, Type>[0],
      options: BroadcastOptions,
    ): boolean;
    broadcast(bytes: RawBytes, nothing?: undefined, options?: BroadcastOptions): boolean;

    /** Calls this server's own handlers as if the event had happened; sends nothing. */
    publish(type: string, ...args: any[]): this;
    /** Another name for {@link Server.publish}. */
    trigger(type: string, ...args: any[]): this;
    /** Another name for {@link Server.on}. */
    subscribe: this['on'];
    /** Another name for {@link Server.off}. */
    unSubscribe: this['off'];
    /** Removes one registration of a handler: what `events.once` and `events.on` of Node need. */
    removeListener(type: string, handler: (...args: any[]) => void): this;
    /** Removes all handlers of all types, those of `handle`, too. */
    reset(): this;
    /** All handlers by type; a copy. */
    readonly list: Record<string, Array<(...args: any[]) => void>>;

    /** As {@link Client.flush}, for what was emitted to all sockets, and to all peers on UDP. */
    flush(): boolean;

    /** This server's counters, as {@link Endpoint.stats} has them. */
    stats(): ServerStats;

    /**
     * For `await using`: as `stop({ disconnect: true })`, but what clients have sent is delivered first. If a client does
     * not end its connection, the server waits for `config.linger` ms, at most 2 s. Where the runtime has
     * the symbol: Node 18.18 and later.
     */
    [Symbol.asyncDispose](): Promise<void>;

    /** Called once the server listens; reports `start`. For subclasses to extend. */
    onStart(bound?: UdpPeer): void;

    /** The connected clients; on UDP, the server's own socket while it is bound. */
    sockets: IpcSocket[];
    /**
     * What listens: `address()`, `listening`, `getConnections()` and so on; `false` before
     * `start()`. A UDP server has a `dgram.Socket` here, for which TypeScript needs a
     * cast. The server binds and closes it, so its `bind` throws `ERR_SOCKET_ALREADY_BOUND`, and
     * `connect` throws `ERR_METHOD_NOT_IMPLEMENTED`. Listeners for its `message` get every datagram's
     * bytes, beside the server's own events.
     */
    server: net.Server | false;
    /** Path of a local server's socket, otherwise the host to listen on. */
    path: string;
    /** Port of a TCP, TLS or UDP server, otherwise absent. */
    port?: number | undefined;
    /** Whether this is a UDP server on IPv4. */
    udp4: boolean;
    /** Whether this is a UDP server on IPv6. */
    udp6: boolean;
    /** The settings it was made with. */
    config: Config;
    /** The log function it was made with. */
    log(...args: any[]): void;
  }

  /** The class behind {@link Server}, which `ferripc/dao/socketServer` exports. */
  interface ServerConstructor {
    /**
     * Makes a server by hand.
     *
     * @throws TypeError if `config.delimiter` is not a string or is empty, or if `config.maxMessageBytes`,
     * `config.maxQueuedBytes` or `config.maxBufferedBytes` is not a positive number, or `config.linger` is not a number
     * of ms
     * @param path - path of the local socket or, together with `port`, the host to listen on
     */
    new <In extends AnyEvents = AnyEvents, Out extends AnyEvents = AnyEvents>(
      path: string,
      config: ConfigInput,
      log: (...args: any[]) => void,
      port?: number,
    ): Server<In, Out>;
    readonly prototype: Server;
  }

  /**
   * The type of {@link Endpoint.server} before there is a server. At run time it is just `false`; the type lets
   * `ipc.server.start()` compile without a check.
   */
  type NotServing<In extends AnyEvents = AnyEvents, Out extends AnyEvents = AnyEvents> = false &
    Pick<Server<In, Out>, keyof Server<In, Out>>;

  // -------------------------------------------------------------------------------- diagnostics

  /** `unix`: a Unix domain socket, `pipe`: a Windows named pipe. */
  type Transport = 'unix' | 'pipe' | 'tcp' | 'tls' | 'udp4' | 'udp6';

  /**
   * Messages that did not get through, by reason. The first three count messages that were to be sent, the
   * others messages from a peer. Each message counts once, even if an `error` event reports it.
   */
  interface DroppedStats {
    /** Refused with `ENOBUFS`, because too much waits to be sent; see {@link Config.maxQueuedBytes}. */
    full: number;
    /**
     * Emitted while there was no connection and none on its way, or to a closed socket; kept for a
     * connection that never came; or handed to an attempt to reconnect, which failed.
     */
    down: number;
    /** UDP only: the system refused the datagram (`EMSGSIZE`, …), or the host could not be looked up. */
    failed: number;
    /** Longer than {@link Config.maxMessageBytes}. */
    tooLarge: number;
    /** The peer closed in the middle of a message. */
    truncated: number;
    /** Text that is not JSON, or JSON that is not a message. These count as received, too. */
    invalid: number;
  }

  /**
   * What goes through a connection, or through all connections of a client or server, closed ones included.
   *
   * The numbers only grow, except for the two that count what is queued. They are exact, except for UDP, where a datagram
   * with more than 2,048 messages counts several times as received.
   */
  interface TrafficStats {
    /**
     * Messages that were delivered, those without a handler included; counted before the handler is called. In
     * raw mode: `data` events.
     */
    messagesReceived: number;
    /**
     * Messages that `emit` or `broadcast` has accepted for a connection that is up, one for each receiver; in
     * raw mode payloads. Those that still wait when the connection is lost stay counted. What users write to
     * the stream themselves is not counted.
     */
    messagesSent: number;
    /**
     * A client's messages that wait in its queue of sync mode, for its first connection, or with
     * {@link Config.offlineQueue} for the next one. They are not counted in `messagesSent` yet. Requests that wait count, too.
     */
    messagesQueued: number;
    /**
     * Bytes received from the system, with delimiters. With TLS, the bytes of the content, not those on the
     * wire. On UDP, the bytes of the datagrams.
     */
    bytesReceived: number;
    /** Bytes that the system has taken, counted as for `bytesReceived`. */
    bytesSent: number;
    /**
     * Bytes that wait in this process: for the end of the turn, for a peer that does not read, or for a client's next
     * connection. What waits for its first connection, or in the queue of sync mode, counts by its characters.
     */
    bytesQueued: number;
    dropped: DroppedStats;
  }

  /** What `socket.stats()` returns: one connection. A closed socket keeps its numbers. */
  interface SocketStats extends Omit<TrafficStats, 'messagesQueued'> {
    /** `socket.id` if it is a string or a number, otherwise `null`. */
    id: string | number | null;
    /** `null` for local sockets. */
    remoteAddress: string | null;
    /** `null` for local sockets. */
    remotePort: number | null;
    /** How long it has been connected, in ms; for a closed socket, how long it was. */
    connectedMs: number;
  }

  /** What `client.stats()` returns. The counters go on across reconnections. */
  interface ClientStats extends TrafficStats {
    /** Its id in `ipc.of`. */
    id: string | number | null;
    transport: Transport;
    /** Of a local server; otherwise there are `host` and `port`. */
    path?: string;
    host?: string;
    port?: number;
    /**
     * - `connecting`: an attempt is under way
     * - `connected`
     * - `waiting`: for the next attempt
     * - `closed`: no attempt follows
     */
    state: 'connecting' | 'connected' | 'waiting' | 'closed';
    /** How long the current connection has been up, in ms; 0 without one. */
    connectedMs: number;
    /** Connections that came up. */
    connections: number;
    /** Attempts by {@link Config.retry}, whether they succeeded or not; never reset. */
    retries: number;
    /** Attempts left before the client gives up; `null` for no limit. Each connection resets it. */
    retriesRemaining: number | null;
  }

  /** What `server.stats()` returns. The counters go on when the server is stopped and started. */
  interface ServerStats extends TrafficStats {
    /** `config.id`. */
    id: string | number | null;
    transport: Transport;
    /** Of a local server; otherwise there are `host` and `port`. */
    path?: string;
    host?: string;
    /** While it listens, the port that it is bound to. */
    port?: number;
    listening: boolean;
    /** Sockets that are connected now. */
    connections: number;
    /** Connections that were accepted. 0 on UDP. */
    accepted: number;
    /** Connections over {@link Config.maxConnections} and those that {@link Config.allowPeer} refused; closed at once. */
    refused: number;
    /** The counters of each connected socket. Empty on UDP. */
    sockets: SocketStats[];
    /** UDP only: datagrams received. */
    datagramsReceived?: number;
    /** UDP only: datagrams that the system has taken. */
    datagramsSent?: number;
  }

  /** What `ipc.stats()` returns: a plain object, made for this call. */
  interface Stats {
    /**
     * What moves the bytes: `loop`, the event loop of this thread, or `tokio`, a thread of its own. (TLS and Windows
     * pipes always have the latter.) `js`: no binary loads, and Node's own sockets do the work. `null` while nothing is
     * open in this thread.
     */
    driver: 'loop' | 'tokio' | 'js' | null;
    /** Sums, including disconnected clients and earlier servers. */
    totals: TrafficStats & {
      /** Connections that are up now, of clients and of servers. */
      connections: number;
    };
    /** `ipc.server`; `null` if there is none. */
    server: ServerStats | null;
    /** The clients of `ipc.of`, by id. */
    clients: Record<string, ClientStats>;
  }

  /**
   * What a channel of `node:diagnostics_channel` carries at least; {@link DiagnosticsChannels} lists the
   * channels. Messages carry no payloads.
   */
  interface DiagnosticsMessage {
    /** The client or server that it is about; the other one is `null`. */
    client: Client | null;
    server: Server | null;
    /** The client's id in `ipc.of`, or the server's `config.id`. */
    id: string;
    transport: Transport;
    /** Path, or host and port as `127.0.0.1:8000`. */
    address: string;
  }

  /** A message on its way; see {@link DiagnosticsMessage}. */
  interface MessageDiagnostics extends DiagnosticsMessage {
    /** The connection; `null` on UDP and before there is one. */
    socket: IpcSocket | null;
    /** On UDP: who it is from or for. */
    peer: UdpPeer | null;
    /** The message's type; `null` in raw mode, and where it is not known. */
    type: string | null;
    /** Its length without the delimiter; `null` where it is not known. */
    bytes: number | null;
    direction: 'in' | 'out';
  }

  /**
   * The channels of `node:diagnostics_channel`, and what they carry. They belong to the whole process: all
   * instances, and all copies of the package, publish there. A channel without subscribers costs nothing. If
   * a subscriber throws, that is an `uncaughtException` and disturbs nothing else.
   *
   *     import { subscribe } from 'node:diagnostics_channel';
   *     import type { DiagnosticsChannels } from 'ferripc';
   *
   *     subscribe('ferripc:message:dropped', (message) => {
   *       const { id, type, reason } = message as DiagnosticsChannels['ferripc:message:dropped'];
   *     });
   */
  interface DiagnosticsChannels {
    /** A socket is opened, and none was open before: which binary does the work (`null`: none), and how. */
    'ferripc:engine:start': {
      file: string | null;
      version: string;
      driver: 'loop' | 'tokio' | 'js';
    };
    /** No binary loads, for the reasons in `error`: the JavaScript engine does the work. Once per process. */
    'ferripc:fallback': { error: NodeJS.ErrnoException };
    /** A client begins to connect. `retry`: 0, or which attempt after the first since the last connection. */
    'ferripc:client:connecting': DiagnosticsMessage & { socket: IpcSocket; retry: number };
    /** An attempt failed, or a connection ended; the next attempt follows after `delay` ms. */
    'ferripc:client:retry': DiagnosticsMessage & { delay: number; retriesRemaining: number };
    /** A client has ended; no attempt follows. */
    'ferripc:client:destroy': DiagnosticsMessage;
    /** A server listens. `bound`: what `server.server.address()` returns. */
    'ferripc:server:listening': DiagnosticsMessage & { bound: string | net.AddressInfo };
    /** A connection over `config.maxConnections`, and where it came from. */
    'ferripc:server:refuse': DiagnosticsMessage & { remote: DropInfo; maxConnections: number };
    /** A server that was listening has stopped, and its last connection has ended. */
    'ferripc:server:close': DiagnosticsMessage;
    /** A connection is up, of a client or a server; with TLS, after the handshake. Not on UDP. */
    'ferripc:connection:open': DiagnosticsMessage & { socket: IpcSocket };
    /** A connection that was up has ended. `socket.stats()` still has its counters. */
    'ferripc:connection:close': DiagnosticsMessage & { socket: IpcSocket; hadError: boolean };
    /** A message was accepted for a connection. Those from before the first one: when it comes up. */
    'ferripc:message:sent': MessageDiagnostics;
    /** A message is about to be delivered. */
    'ferripc:message:received': MessageDiagnostics;
    /** A message was dropped; see {@link DroppedStats}. */
    'ferripc:message:dropped': MessageDiagnostics & { reason: keyof DroppedStats };
    /**
     * What an `error` event carries, even if nobody listens for it. Not for dropped messages, whose errors
     * may quote them. `socket`: the connection, if the error is about one.
     */
    'ferripc:error': DiagnosticsMessage & { error: IpcError; socket: IpcSocket | null };
  }

  // ---------------------------------------------------------------------------------------- ipc

  /** UDP over IPv4 or over IPv6. */
  type UdpType = 'udp4' | 'udp6';

  /**
   * An endpoint: any number of clients, at most one server, and one set of settings.
   *
   * All methods are bound: they can be detached from the object and called on their own.
   *
   * @typeParam In - payload by type of the messages that arrive here
   * @typeParam Out - payload by type of the messages that are sent from here
   */
  interface Endpoint<In extends AnyEvents = AnyEvents, Out extends AnyEvents = AnyEvents> {
    /**
     * The settings; change them one by one, or assign an object of your own, whose missing keys
     * count as their defaults. A client or server keeps the object that it was made with.
     */
    get config(): Config;
    set config(value: ConfigInput);

    /**
     * The clients by id. An id that was never connected, or that was disconnected, is `undefined`
     * here. The type leaves that out, so that `ipc.of.world.emit(…)` compiles as it always did; the
     * compiler option `noUncheckedIndexedAccess` makes it appear.
     */
    of: Record<string, Client<In, Out>>;

    /**
     * The server; `false` until `serve` or `serveNet` has made one. Its type can be used with
     * or without a check: `ipc.server.start()`, `if (!ipc.server) ipc.serve()` and
     * `ipc.server === false` all compile.
     */
    get server(): Server<In, Out> | NotServing<In, Out>;
    set server(value: Server<In, Out> | false);

    /**
     * Makes a client of a local server, a Unix domain socket or a Windows named pipe, and puts it
     * into `ipc.of[id]`. If that client is connected already, it stays as it is; if it is down, the
     * new one replaces it. Failures to connect are reported as events of the client.
     *
     * @param id - name of the client. If empty, nothing happens
     * @param path - path of the server's socket.
     * Default: `config.socketRoot + config.appspace + id`
     * @param callback - called before `connectTo` returns, and before there is a connection, with
     * this object: the place to add handlers, and to emit what is to be sent on connection
     * @returns a promise of the client. It is fulfilled at the client's next connection, or at once if it is connected. It
     * is rejected with the error of the last attempt when the client gives up (`maxRetries`, `stopRetrying`), and with the
     * code `ERR_SOCKET_CLOSED_BEFORE_CONNECTION` when the client is disconnected or replaced first. You may ignore the
     * promise: it never ends the process as an unhandled rejection. (node-ipc returns nothing)
     * @throws TypeError for a path that is not a string, a callback that is not a function, or settings
     * that no client can be made with
     */
    connectTo(id: string, callback: (ipc: this) => void): Promise<Client<In, Out>>;
    connectTo(
      id: string,
      path: string | null | undefined,
      callback?: ((ipc: this) => void) | null,
    ): Promise<Client<In, Out>>;
    connectTo(
      id: string,
      path: string | null | undefined,
      callback: () => void,
    ): Promise<Client<In, Out>>;
    connectTo(id: string, callback?: (() => void) | null): Promise<Client<In, Out>>;

    /**
     * Makes a client of a TCP server, or of a TLS server if `config.tls` is set, and puts it into
     * `ipc.of[id]`. If that client is connected already, it stays as it is; if it is down, the new
     * one replaces it. Failures to connect are reported as events of the client.
     *
     * @param id - name of the client. If empty, nothing happens
     * @param host - default: `config.networkHost`
     * @param port - default: `config.networkPort`; may come without a host
     * @param callback - called before `connectToNet` returns, and before there is a connection,
     * with this object. A UDP type before it is ignored: UDP has servers only
     * @returns a promise of the client. It is fulfilled at the client's next connection, or at once if it is connected. It
     * is rejected with the error of the last attempt when the client gives up (`maxRetries`, `stopRetrying`), and with the
     * code `ERR_SOCKET_CLOSED_BEFORE_CONNECTION` when the client is disconnected or replaced first. You may ignore the
     * promise: it never ends the process as an unhandled rejection. (node-ipc returns nothing)
     * @throws TypeError for a host that is not a string, a callback that is not a function, or settings
     * that no client can be made with
     * @throws RangeError for a port that cannot be one; code `ERR_SOCKET_BAD_PORT`
     * @throws Error for a `config.tls` that cannot be used; see {@link TlsConfig}
     */
    connectToNet(id: string, callback: (ipc: this) => void): Promise<Client<In, Out>>;
    connectToNet(
      id: string,
      hostOrPort: string | number | null | undefined,
      callback?: ((ipc: this) => void) | null,
    ): Promise<Client<In, Out>>;
    connectToNet(
      id: string,
      host: string | null | undefined,
      port: number | null | undefined,
      callback?: ((ipc: this) => void) | null,
    ): Promise<Client<In, Out>>;
    connectToNet(
      id: string,
      host: string | null | undefined,
      port: number | null | undefined,
      udpType: UdpType,
      callback?: ((ipc: this) => void) | null,
    ): Promise<Client<In, Out>>;
    connectToNet(
      id: string,
      host: string | null | undefined,
      port: number | null | undefined,
      callback: () => void,
    ): Promise<Client<In, Out>>;
    connectToNet(id: string, callback: () => void): Promise<Client<In, Out>>;
    connectToNet(
      id: string,
      hostOrPort?: string | number | null,
      callback?: (() => void) | null,
    ): Promise<Client<In, Out>>;

    /**
     * Closes a client for good and removes it from `ipc.of`. What was emitted before is sent first, see
     * {@link Config.linger}. Then the client reports `disconnect` and `destroy`. An unknown id is ignored.
     */
    disconnect(id: string): void;

    /**
     * Makes `ipc.server`, a server on a Unix domain socket or a Windows named pipe. It listens
     * after `ipc.server.start()`.
     *
     * @param path - default: `config.socketRoot + config.appspace + config.id`
     * @param callback - a handler of `start`
     * @throws TypeError for a callback that is not a function, or settings that no server can be made
     * with
     */
    serve(callback: (() => void) | null): void;
    serve(path?: string | null, callback?: (() => void) | null): void;

    /**
     * Makes `ipc.server`, a server on TCP, on TLS if `config.tls` is set, or on UDP. It listens
     * after `ipc.server.start()`. Trailing arguments, the host before a port, and the port before a
     * UDP type can be left out.
     *
     * @param host - default: `config.networkHost`
     * @param port - default: `config.networkPort`. `'0'` leaves the choice to the system; a number 0
     * counts as none given
     * @param udpType - makes it a UDP server. The host has to be of its family: without one,
     * `config.networkHost`, which is an IPv4 address unless you change it
     * @param callback - a handler of `start`
     * @throws TypeError for a host that is not a string, a callback that is not a function, or settings
     * that no server can be made with
     * @throws RangeError for a port that cannot be one; code `ERR_SOCKET_BAD_PORT`
     */
    serveNet(callback: () => void): void;
    serveNet(udpType: UdpType, callback?: (() => void) | null): void;
    serveNet(port: number, callback?: (() => void) | null): void;
    serveNet(port: number, udpType: UdpType, callback?: (() => void) | null): void;
    serveNet(host: string | null | undefined, callback: () => void): void;
    serveNet(
      host: string | null | undefined,
      udpType: UdpType,
      callback?: (() => void) | null,
    ): void;
    serveNet(
      host?: string | null,
      port?: number | string | null,
      udpType?: UdpType | false | null,
      callback?: (() => void) | null,
    ): void;
    serveNet(
      host: string | null | undefined,
      port: number | null | undefined,
      callback?: (() => void) | null,
    ): void;

    /**
     * The first process on this machine to call this for an id becomes the server, and all others its clients. So a
     * program knows whether it is already running. When the server ends, one of the clients takes its place: {@link
     * SingleInstanceOptions.onServer} tells it, and the others connect to it. There are never two servers. It works on
     * local sockets and pipes, and tries until it is closed, whatever `maxRetries` and `stopRetrying` say.
     * Not enumerable: node-ipc has no method of that name.
     *
     * A process that wants to serve connects first, to find out whether there is a server. That server may see it as a
     * client that connects and leaves.
     *
     * @returns a promise. It is rejected if this process can be neither: `EACCES`, `ENOENT` if the folder is missing,
     * `EADDRINUSE` if something else is at the path, and so on. It is rejected with a TypeError for wrong arguments
     */
    serveOrConnect(
      id: string,
      options?: SingleInstanceOptions<In, Out>,
    ): Promise<SingleInstance<In, Out>>;

    /**
     * For `await using`: disconnects all clients, stops the server and closes its connections, and resolves when that is
     * done. What they have emitted to one another is delivered first, as for a client or a server alone. Where the
     * runtime has the symbol: Node 18.18 and later.
     */
    [Symbol.asyncDispose](): Promise<void>;

    /**
     * As {@link Client.flush}, for the server and all clients of this object. Not enumerable: node-ipc has no method of
     * that name.
     */
    flush(): boolean;

    /**
     * What this endpoint's server and clients have sent, received and dropped so far, as numbers in a plain
     * object that can be made JSON. Counting costs next to nothing, so it is always on.
     */
    stats(): Stats;

    /**
     * Prints a line, unless `config.silent` is set: objects as `util.inspect` shows them,
     * everything joined with spaces, and passed to `config.logger` as one string.
     */
    log(...args: any[]): void;
  }

  /** An {@link Endpoint} that carries the class too. */
  interface ModuleEndpoint<
    In extends AnyEvents = AnyEvents,
    Out extends AnyEvents = AnyEvents,
  > extends Endpoint<In, Out> {
    /** The class of further endpoints, each with clients, a server and settings of its own. */
    readonly IPC: IPCConstructor;
  }

  /** The class behind {@link Endpoint}. */
  interface IPCConstructor {
    /** Makes an endpoint that shares nothing with any other. */
    new <In extends AnyEvents = AnyEvents, Out extends AnyEvents = AnyEvents>(): Endpoint<In, Out>;
    readonly prototype: Endpoint;
  }

  /** The class behind {@link ModuleEndpoint}. */
  interface IPCModuleConstructor {
    /** Makes an endpoint that shares nothing with any other. */
    new <In extends AnyEvents = AnyEvents, Out extends AnyEvents = AnyEvents>(): ModuleEndpoint<
      In,
      Out
    >;
    readonly prototype: ModuleEndpoint;
  }

  // These two are aliases, because a named import of a name that is both a property of the
  // singleton and an interface of this namespace would make a second, different interface of it.

  /** What `new IPC()` makes. */
  type IPC<In extends AnyEvents = AnyEvents, Out extends AnyEvents = AnyEvents> = Endpoint<In, Out>;
  /** What `new IPCModule()` makes. */
  type IPCModule<
    In extends AnyEvents = AnyEvents,
    Out extends AnyEvents = AnyEvents,
  > = ModuleEndpoint<In, Out>;

  /** The type of the main export. */
  interface Singleton extends ModuleEndpoint {
    /** The same class, but its objects carry the class, too. */
    readonly IPCModule: IPCModuleConstructor;
    /** This object itself. */
    readonly default: Singleton;
    /** The class of the errors with which requests are rejected when the peer's handler throws. */
    RemoteError: RemoteErrorConstructor;
    /** The classes of `ferripc/parsers`. */
    AssuredParser: typeof import('./parsers.js').AssuredParser;
    FastParser: typeof import('./parsers.js').FastParser;
    GuardedParser: typeof import('./parsers.js').GuardedParser;
    IPCProtocolError: typeof import('./parsers.js').IPCProtocolError;
    /** The same as `FastParser`. */
    Parser: typeof import('./parsers.js').FastParser;
    RawParser: typeof import('./parsers.js').RawParser;
  }
}

declare global {
  // For compilers whose libraries do not have it yet.
  interface SymbolConstructor {
    readonly asyncDispose: unique symbol;
  }
}

export = ferripc;

// Settings.

import ipc, { IPC, type Config, type NetworkInterface, type TlsConfig } from 'ferripc';
import { expectType, type Equal, type Expect } from './expect.js';

const { config } = ipc;

type _Known = Expect<
  Equal<
    Pick<
      Config,
      | 'appspace'
      | 'socketRoot'
      | 'id'
      | 'encoding'
      | 'rawBuffer'
      | 'sync'
      | 'delimiter'
      | 'maxMessageBytes'
      | 'maxQueuedBytes'
      | 'maxBufferedBytes'
      | 'silent'
      | 'logDepth'
      | 'logInColor'
      | 'maxConnections'
      | 'maxConnectionRate'
      | 'retry'
      | 'maxRetries'
      | 'stopRetrying'
      | 'unlink'
      | 'readableAll'
      | 'writableAll'
      | 'IPType'
      | 'networkHost'
      | 'networkPort'
      | 'interface'
      | 'tls'
    >,
    {
      appspace: string;
      socketRoot: string;
      id: string;
      encoding: BufferEncoding;
      rawBuffer: boolean;
      sync: boolean;
      delimiter: string;
      maxMessageBytes: number;
      maxQueuedBytes: number;
      maxBufferedBytes: number;
      silent: boolean;
      logDepth: number;
      logInColor: boolean;
      maxConnections: number;
      maxConnectionRate: number;
      retry: number;
      maxRetries: number | boolean;
      stopRetrying: boolean | number;
      unlink: boolean | 'stale';
      readableAll: boolean;
      writableAll: boolean;
      IPType: string;
      networkHost: string;
      networkPort: number;
      interface: NetworkInterface;
      tls: TlsConfig | false;
    }
  >
>;

config.maxRetries = Infinity;
config.maxRetries = false;
config.stopRetrying = 0;
config.stopRetrying = true;
config.unlink = 'stale';
config.unlink = false;
config.encoding = 'latin1';
config.delimiter = '\r\n';
config.logger = console.log;
config.logger = (line) => line.trim();
config.logger = () => {};
config.interface.localAddress = '127.0.0.1';
config.interface.localPort = 4000;
config.interface.family = 6;
config.interface = { localAddress: false, localPort: false, family: 4, hints: 0, lookup: false };
expectType<NetworkInterface | undefined>()(config.interfaces);
config.interfaces = { localAddress: true };
config.interface.lookup = (host, options, callback) => callback(null, host, options.family ? 6 : 4);

// Keys of one's own are `any`; those of the library keep their types.
config.myOwnKey = { anything: true };
expectType<any>()(config.myOwnKey);
// @ts-expect-error
config.retry = '500';
// @ts-expect-error
config.unlink = 'live';
// @ts-expect-error
config.encoding = 'utf-7';
// @ts-expect-error
config.delimiter = /\n/;
// @ts-expect-error
config.interface.localAddress = 127;

config.tls = false;
config.tls = { private: 'server.key', public: 'server.pub', rejectUnauthorized: false };
config.tls = { trustedConnections: 'ca.pub', dhparam: 'dh.pem' };
config.tls = {
  trustedConnections: ['a.pub', 'b.pub'],
  requestCert: true,
  servername: 'localhost',
  minVersion: 'TLSv1.3',
  key: Buffer.of(1),
  cert: 'text',
};
if (ipc.config.tls) ipc.config.tls.public = 'other.pub';
// @ts-expect-error paths are strings
config.tls = { private: Buffer.of(1) };
// @ts-expect-error
config.tls = true;
config.tls = {
  ca: [Buffer.of(1)],
  ALPNProtocols: ['ipc'],
  checkServerIdentity: (host, certificate) =>
    host === certificate.subject.CN ? undefined : new Error(),
  handshakeTimeout: 1000,
  honorCipherOrder: true,
  maxVersion: 'TLSv1.2',
};
// @ts-expect-error refused
config.tls = { pfx: Buffer.of(1) };
// @ts-expect-error too old
config.tls = { minVersion: 'TLSv1.1' };

config.tap = true;
config.tap = { payloads: true, path: '/run/world.tap' };
config.tap = undefined;
// @ts-expect-error
config.tap = 'payloads';
// @ts-expect-error
config.tap = { paylods: true };

// The object can be replaced, by part of one too, and is read as a full one.
const own = new IPC();
own.config = { id: 'other', silent: true };
own.config = { ...own.config, retry: 10, mine: 1, delimiter: undefined };
own.config = config;
expectType<Config>()(own.config);
expectType<string>()(own.config.delimiter);
// @ts-expect-error
own.config = { retry: 'soon' };
// @ts-expect-error
own.config = false;

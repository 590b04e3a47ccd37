// Deep imports: classes to extend, the defaults, the frames.

import Client = require('ferripc/dao/client');
import ClientJs = require('ferripc/dao/client.js');
import Server = require('ferripc/dao/socketServer');
import ServerJs = require('ferripc/dao/socketServer.js');
import Defaults = require('ferripc/entities/Defaults');
import DefaultsJs = require('ferripc/entities/Defaults.js');
import EventParser = require('ferripc/entities/EventParser');
import EventParserJs = require('ferripc/entities/EventParser.js');
import IPC = require('ferripc/services/IPC');
import IPCJs = require('ferripc/services/IPC.js');
import main = require('ferripc');
import node = require('ferripc/node-ipc');
import nodeJs = require('ferripc/node-ipc.js');
import type { Equal, Expect } from './expect.js';

type _Main = Expect<Equal<typeof node, typeof main>>;
type _MainJs = Expect<Equal<typeof nodeJs, typeof main>>;
type _Class = Expect<Equal<typeof IPC, typeof main.IPC>>;
type _ClientJs = Expect<Equal<typeof ClientJs, typeof Client>>;
type _ServerJs = Expect<Equal<typeof ServerJs, typeof Server>>;
type _DefaultsJs = Expect<Equal<typeof DefaultsJs, typeof Defaults>>;
type _ParserJs = Expect<Equal<typeof EventParserJs, typeof EventParser>>;
type _ClassJs = Expect<Equal<typeof IPCJs, typeof IPC>>;

const endpoint: IPC = new IPC();
main.config = new Defaults();
const defaults: Defaults = new Defaults();
defaults.delimiter = '\n';

const client: Client = new Client(defaults, main.log);
client.id = 'x';
client.path = '/tmp/x';
client.connect();
const asMain: main.Client = client;

class Gateway extends Server<{ hello: string }> {
  greeted = 0;

  override onStart(bound?: main.UdpPeer): void {
    super.onStart(bound);
    this.on('hello', (data, socket) => {
      this.greeted += 1;
      this.emit(socket, 'hello', data.toUpperCase());
    });
  }

  override async start(): Promise<void> {
    await super.start();
    this.log('started');
  }
}
const gateway = new Gateway('/tmp/x', defaults, main.log);
gateway.on('hello', (data) => data.trim()).greeted.toFixed();
main.server = new Server('127.0.0.1', { silent: true }, console.log, 8000);
// @ts-expect-error
new Server();

const parser = new EventParser(main.config);
const frame: string = parser.format({ type: 'x', data: 1 }) + parser.format({ type: 'y' });
const frames: string[] = new EventParser().parse(frame);
endpoint.of['x']?.socket.write(frame + parser.delimiter);
// @ts-expect-error
parser.format('x');

export { asMain, frames };

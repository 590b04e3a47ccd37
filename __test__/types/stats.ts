// Counters and channels.

import * as diagnostics from 'node:diagnostics_channel';
import ipc from 'ferripc';
import type {
  ClientStats,
  DiagnosticsChannels,
  DroppedStats,
  IpcSocket,
  Server,
  ServerStats,
  SocketStats,
  Stats,
  Transport,
} from 'ferripc';
import type { Equal, Expect } from './expect.js';

const { stats } = ipc;
const all: Stats = stats();
type _Driver = Expect<Equal<Stats['driver'], 'loop' | 'tokio' | 'js' | null>>;
type _Server = Expect<Equal<Stats['server'], ServerStats | null>>;
const sums: number[] = [all.totals.connections, all.totals.messagesSent, all.totals.dropped.full];

const client: ClientStats = ipc.of.world!.stats();
const transport: Transport = client.transport;
if (client.state === 'waiting') sums.push(client.retries, client.retriesRemaining ?? Infinity);
// @ts-expect-error there is no such state
client.state === 'lost';

const server = ipc.server as Server;
for (const one of server.stats().sockets) sums.push(one.connectedMs, one.bytesQueued);
server.on('connect', (socket: IpcSocket) => {
  const mine: SocketStats = socket.stats();
  sums.push(mine.messagesReceived);
  // @ts-expect-error what waits in a connection is known in bytes alone
  mine.messagesQueued;
});

diagnostics.channel('ferripc:message:dropped').subscribe((message) => {
  const dropped = message as DiagnosticsChannels['ferripc:message:dropped'];
  const reason: keyof DroppedStats = dropped.reason;
  const type: string | null = dropped.type;
  console.log(reason, type, dropped.client?.id, dropped.address, transport);
});

const opened = (message: DiagnosticsChannels['ferripc:connection:open']) =>
  message.socket.remoteAddress;
console.log(opened);

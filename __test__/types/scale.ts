// `ferripc/scale`.

import ipc from 'ferripc';
import { Hub, join, memory, nats, redis } from 'ferripc/scale';
import type { Broker, BrokerState, Cluster, ClusterClient, ClusterServer } from 'ferripc/scale';
import type { Equal, Expect } from './expect.js';

class Own implements Broker {
  maxPayload = 1000;
  watch(onState: (state: BrokerState, error?: unknown) => void) {
    onState('up');
  }
  publish(subject: string, bytes: Uint8Array) {
    return Promise.resolve(subject.length + bytes.length);
  }
  async subscribe(subject: string, onMessage: (bytes: Uint8Array) => void) {
    onMessage(Buffer.from(subject));
  }
  close() {}
}

const smallest: Broker = { publish() {}, subscribe() {}, close() {} };

// @ts-expect-error without `close`
const none: Broker = { publish() {}, subscribe() {} };

export async function main(brokers: Broker[] = [smallest, none, new Own()]): Promise<void> {
  if (!ipc.server) return;
  const hub = new Hub();
  hub.stop();
  brokers.push(memory(), memory({ hub, maxPayload: 7 }), nats({ servers: ['a:1'], token: 'x' }));
  brokers.push(redis({ url: 'redis://a:1', password: 'x' }));
  const cluster: Cluster = await join(ipc.server, {
    broker: memory(),
    id: 'chat',
    name: 'north',
    prefix: 'app',
    heartbeat: 1000,
    timeout: 5000,
    connectTimeout: Infinity,
    maxQueuedBytes: 1,
    identify: (socket, type, data) => type === 'hello' && socket.writable && String(data.name),
  });
  cluster
    .on('clientJoin', (client) => {
      type _Client = Expect<Equal<typeof client, ClusterClient>>;
    })
    .once('serverLeave', (server) => {
      type _Server = Expect<Equal<typeof server, ClusterServer>>;
    })
    .on('down', (error) => console.log(error))
    .off('down');
  const sent: boolean = cluster.broadcast('news', { a: 1 }) && cluster.emit('alice', 'mail');
  const answer = await cluster.request('alice', 'age', null, {
    timeout: 1,
    signal: new AbortController().signal,
  });
  const named: boolean = cluster.identify(ipc.server.sockets[0]!, 'bob');
  console.log(
    sent,
    named,
    answer,
    cluster.idOf(ipc.server.sockets[0]!),
    cluster.stats().dropped.down,
  );
  // @ts-expect-error an id is a string
  cluster.emit(7, 'mail');
  // @ts-expect-error no such event
  cluster.on('nothing', () => {});
  // @ts-expect-error a broker is needed
  await join(ipc.server, {});
  await cluster.close();
}

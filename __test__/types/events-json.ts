// Payloads of an event map as JSON carries them: what a handler gets, and what does not compile.

import { IPC, type Json, type NotJson, type Received, type Sendable } from 'ferripc';
import { expectType, type Equal, type Expect } from './expect.js';

interface Job {
  id: number;
  at: Date;
  until?: Date;
  tags: Set<string>;
  note: string | undefined;
  parent: Job | null;
  steps: readonly Job[];
}

class User {
  private secret = 1;
  readonly name: string = 'x';
  [Symbol.iterator] = 1;

  greet(): string {
    return this.name + this.secret;
  }
}

class Money {
  constructor(readonly cents: bigint) {}

  toJSON() {
    return { cents: String(this.cents), at: new Date() };
  }
}

class Keyed {
  toJSON(key: string) {
    return { key };
  }
}

enum Colour {
  red,
  blue,
}

interface Messages {
  job: Job;
  date: Date;
  bytes: Buffer;
  url: URL;
  map: Map<string, number>;
  array: Uint8Array;
  user: User;
  money: Money;
  keyed: Keyed;
  list: Array<Date | undefined | (() => void)>;
  pair: [at: Date, ok?: boolean];
  nothing: void;
  missing: undefined;
  empty: null;
  maybe: Date | null;
  big: bigint;
  bigInside: { a: { b: bigint[] } };
  bigOrNot: number | bigint;
  call: () => void;
  symbol: symbol;
  constructed: typeof User;
  callInside: { id: number; done: () => void; maybe?: () => void; either: string | (() => void) };
  anything: any;
  unknown: unknown;
  record: Record<string, Date>;
  colour: Colour;
  literal: 'a' | 'b' | `c${string}` | 1 | true;
  brand: string & { readonly brand: 'id' };
  object: object;
  named: { name: string; message: string };
}

const { server } = new IPC<Messages, Messages>();
declare const client: NonNullable<IPC<Messages, Messages>['of'][string]>;
declare const job: Job;

// ------------------------------------------------------------------------------------- handlers

client.on('job', (data) => {
  expectType<string>()(data.at);
  expectType<string | undefined>()(data.until);
  expectType<{}>()(data.tags);
  expectType<string | undefined>()(data.note);
  expectType<string | undefined>()(data.parent?.steps[0]!.parent?.at);
  // @ts-expect-error it is a string
  data.at.getTime();
  // @ts-expect-error an array arrives, but a readonly one as it was declared
  data.steps.push(data);
});
client.on('date', (data) => expectType<string>()(data));
client.on('bytes', (data) => expectType<{ type: 'Buffer'; data: number[] }>()(data));
client.on('url', (data) => expectType<string>()(data));
client.on('map', (data) => expectType<{}>()(data));
client.on('array', (data) => expectType<{ [index: string]: number }>()(data));
client.on('user', (data) => {
  expectType<{ readonly name: string }>()(data);
  // @ts-expect-error methods do not arrive
  data.greet();
});
client.on('money', (data) => expectType<{ cents: string; at: string }>()(data));
client.on('keyed', (data) => expectType<{ key: string }>()(data));
client.on('list', (data) => expectType<Array<string | null>>()(data));
client.on('pair', (data) => expectType<[at: string, ok?: boolean | null]>()(data));
client.on('nothing', (data) => expectType<{}>()(data));
client.on('missing', (data) => expectType<{}>()(data));
client.on('empty', (data) => expectType<{}>()(data));
client.on('maybe', (data) => {
  expectType<string | {}>()(data);
  if (typeof data === 'string') data.trim();
});
client.on('bigOrNot', (data) => expectType<number>()(data));
client.on('callInside', (data) => expectType<{ id: number; either?: string }>()(data));
client.on('anything', (data) => expectType<any>()(data));
client.on('unknown', (data) => expectType<unknown>()(data));
client.on('record', (data) => expectType<Record<string, string>>()(data));
client.on('colour', (data) => expectType<Colour>()(data));
client.on('literal', (data) => expectType<Messages['literal']>()(data));
client.on('brand', (data) => expectType<Messages['brand']>()(data));
client.on('object', (data) => expectType<object>()(data));
client.on('named', (data) => expectType<{ name: string; message: string }>()(data));
client.once('date', (data) => expectType<string>()(data));
// @ts-expect-error it arrives as a string
client.on('date', (data: Date) => data);
// @ts-expect-error nothing arrives as {}
client.on('empty', (data: null) => data);

server.on('date', (data, socket) => {
  expectType<string>()(data);
  server.emit(socket, 'date', new Date());
});
server.once('nothing', (data) => expectType<{}>()(data));

// ------------------------------------------------------------------------------------- emitting

client.emit('job', job);
client.emit('date', new Date());
client.emit('bytes', Buffer.of(1));
client.emit('url', new URL('file:///x'));
client.emit('map', new Map([['a', 1]]));
client.emit('array', new Uint8Array(1));
client.emit('user', new User());
client.emit('money', new Money(1n));
client.emit('list', [new Date(), undefined, () => {}]);
client.emit('pair', [new Date(), true]);
client.emit('nothing');
client.emit('missing');
client.emit('empty', null);
client.emit('maybe', null);
client.emit('callInside', { id: 1, done() {}, either: 'x' });
client.emit('anything', 1n);
client.emit('unknown', 1n);
client.emit('bigOrNot', 1);
client.emit('record', { a: new Date() });
client.emit('object', {});
server.broadcast('job', job);
// @ts-expect-error another payload
client.emit('date', '2026-01-01');
// @ts-expect-error JSON has no bigint
client.emit('big', 1n);
// @ts-expect-error nor within a payload
client.emit('bigInside', { a: { b: [1n] } });
// @ts-expect-error
client.emit('bigOrNot', 1n);
// @ts-expect-error a function for a payload
client.emit('call', () => {});
// @ts-expect-error
client.emit('symbol', Symbol());
// @ts-expect-error
client.emit('constructed', User);
// @ts-expect-error
server.broadcast('big', 1n);
// @ts-expect-error
server.emit({ address: '127.0.0.1', port: 1 }, 'call', () => {});

// ---------------------------------------------------------------------------- the types by name

type _Json = Expect<Equal<Json<{ at: Date; n: null }>, { at: string; n: null }>>;
type _Received = Expect<Equal<Received<Date | undefined>, string | {}>>;
type _Any = Expect<Equal<Received<any>, any>>;
type _Never = Expect<Equal<Received<never>, never>>;
type _Sendable = Expect<Equal<Sendable<bigint | string>, NotJson | string>>;
type _Twice = Expect<Equal<Json<Json<Job>>['at'], string>>;

// Both ends with maps in the form of JSON, as the data arrives: the same types.
type _Same = Expect<Equal<Received<{ a: string; b?: number[] }>, { a: string; b?: number[] }>>;

// A handler that is declared by the interface itself, where JSON changes nothing of it.
interface Plain {
  id: number;
  parts: Plain[];
  more?: { [name: string]: string | null };
}
declare const plain: NonNullable<IPC<{ plain: Plain }, { plain: Plain }>['of'][string]>;
plain.on('plain', (data: Plain) => plain.emit('plain', data));
plain.on('plain', (data) => plain.emit('plain', data));

'use strict';

// ZeroMQ (libzmq with its own I/O thread). See index.js for the interface; loaded from there.
//
// One ZeroMQ message with JSON text in it per message. Two processes talk through a pair of DEALER
// sockets (PAIR and PUSH/PULL were no faster), many clients through DEALER and ROUTER; a broadcast is
// PUB and SUB. A socket takes one send() at a time, hence the queue.

/** With raw bytes: more buffers than this that libzmq has not taken yet, and the sender is to wait. */
const QUEUE = 16;

/** Instead of libzmq's 1023 in a process; more than any workload has connections. */
const MAX_SOCKETS = 10000;

const load = () => require('zeromq');

function version() {
  return require('zeromq/package.json').version;
}

/** What is waiting is not to hold up the end of the process. */
const options = { linger: 0 };

/** No limit on what waits: the workloads have one of their own. With raw bytes libzmq's is the limit. */
const sending = { sendHighWaterMark: 0 };
const receiving = { receiveHighWaterMark: 0 };
const optionsOf = (place) =>
  place.use === 'raw' ? options : { ...options, ...sending, ...receiving };

function address(place, suffix = '') {
  return place.kind === 'unix'
    ? `ipc://${place.path}${suffix}`
    : `tcp://${place.host}:${place.port}`;
}

/** `send(message)` answers whether it may go on at once; if not, `drained()` is called when it may. */
function writer(socket) {
  let queue = [];
  let busy = false;
  const self = { send, drained() {} };

  async function flush() {
    while (queue.length > 0) {
      const messages = queue;
      queue = [];
      for (const message of messages) {
        await socket.send(message);
      }
    }
    busy = false;
    self.drained();
  }

  function send(message) {
    queue.push(message);
    if (!busy) {
      busy = true;
      flush().catch((error) => {
        if (!socket.closed) {
          throw error;
        }
      });
    }
    return queue.length < QUEUE;
  }
  return self;
}

/** The loop of its documentation; `for await` does the same and moves a third less. */
async function receive(socket, onParts) {
  try {
    while (!socket.closed) {
      onParts(await socket.receive());
    }
  } catch (error) {
    if (!socket.closed) {
      throw error;
    }
  }
}

const encode = (data) => JSON.stringify({ type: 'm', data });

/** Calls `onData` with what is in a message's envelope. */
function decode(text, onData) {
  const message = JSON.parse(text.toString());
  if (message.type === 'm') {
    onData(message.data);
  }
}

/** One other process. */
async function servePair(place, onMessage) {
  const socket = new (load().Dealer)(optionsOf(place));
  await socket.bind(address(place));
  const { send } = writer(socket);
  const raw = place.use === 'raw';
  receive(socket, ([part]) =>
    raw ? onMessage(socket, part) : decode(part, (data) => onMessage(socket, data)),
  );
  return {
    send: raw ? (conn, data) => send(data) : (conn, data) => send(encode(data)),
    close: () => socket.close(),
  };
}

/** Any number of connections; the first part of a message says which one it is. */
async function serveMany(place, onMessage) {
  const { Publisher, Router } = load();
  const router = new Router(optionsOf(place));
  await router.bind(address(place));
  const one = writer(router);
  receive(router, ([id, part]) => decode(part, (data) => onMessage(id, data)));

  const publisher = place.use === 'broadcast' ? new Publisher({ ...options, ...sending }) : null;
  await publisher?.bind(address(place, '.all'));
  const all = publisher && writer(publisher);
  return {
    send: (id, data) => one.send([id, encode(data)]),
    broadcast: (data) => all.send(encode(data)),
    close() {
      router.close();
      publisher?.close();
    },
  };
}

async function connect(place, onMessage) {
  const { context, Dealer, Subscriber } = load();
  context.maxSockets = MAX_SOCKETS;
  const raw = place.use === 'raw';
  const onPart = raw ? ([part]) => onMessage(part) : ([part]) => decode(part, onMessage);
  const socket = new Dealer(optionsOf(place));
  socket.connect(address(place));
  receive(socket, onPart);

  const subscriber =
    place.use === 'broadcast' ? new Subscriber({ ...options, ...receiving }) : null;
  if (subscriber) {
    subscriber.connect(address(place, '.all'));
    subscriber.subscribe();
    receive(subscriber, onPart);
  }
  const out = writer(socket);
  return {
    send: raw ? out.send : (data) => out.send(encode(data)),
    onDrain: (fn) => {
      out.drained = fn;
    },
    close() {
      socket.close();
      subscriber?.close();
    },
  };
}

module.exports = {
  title: 'zeromq',
  version,
  transports: ['unix', 'tcp'],
  // 'broadcast' has a second address, which is made from a path.
  uses: ['messages', 'many', 'broadcast', 'raw'],
  load,
  serve: (place, onMessage) =>
    place.use === 'many' || place.use === 'broadcast'
      ? serveMany(place, onMessage)
      : servePair(place, onMessage),
  connect,
};

// `import * as` and imports of members, in ECMAScript modules that a bundler takes in.

import * as all from 'ferripc';
import ipc, { config, connectTo, server } from 'ferripc';
import type { Equal, Expect } from './expect.js';

type _Default = Expect<Equal<typeof all.default, typeof ipc>>;
type _Class = Expect<Equal<typeof all.IPC, typeof ipc.IPC>>;
type _Config = Expect<Equal<typeof config, all.Config>>;
type _Server = Expect<Equal<typeof server, typeof ipc.server>>;

all.config.id = 'world';
all.serve(() =>
  all.server.on('greeting', (data, socket) => all.server.emit(socket, 'reply', data)),
);
all.server.start();
all.serveNet('127.0.0.1', 8000);
all.connectTo('world', () => all.of.world!.emit('greeting', 'hello'));
all.connectToNet('other', 8000);
all.disconnect('world');
all.log('done');
connectTo('world', ({ of }) => of.world!.emit('greeting'));

// @ts-expect-error a member of a module cannot be assigned
all.config = {};
// @ts-expect-error only a type
all.Client;

// `import * as` in ECMAScript modules that Node runs as they are.

import * as all from 'ferripc';
import { expectType } from './expect.js';

// All that there is at run time.
type Values<T> = { [Key in keyof T]: Key };
type Parsers = 'AssuredParser' | 'FastParser' | 'GuardedParser' | 'Parser' | 'RawParser';
type Names = 'default' | 'IPC' | 'IPCModule' | 'IPCProtocolError' | 'RemoteError' | Parsers;
expectType<Names>()(null! as keyof Values<typeof all>);

// @ts-expect-error only bundlers make it of the singleton's properties
all.serve();
// @ts-expect-error only a type
all.Client;
